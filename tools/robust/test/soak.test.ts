import { manualSeed, memoryUsage, noGrad, randint, randn } from '@q/tensor';
import { CrossEntropyLoss, Linear, ReLU, Sequential } from '@q/nn';
import { Adam } from '@q/nn/optim';
import { affine, computeEncodings, PercentileEncodingAnalyzer, QuantizationMixin, toQuantized } from '@q/quant';
import { soakMinutes } from '../scale.js';

const minutes = soakMinutes();

it(
  `trains, calibrates and infers for ${minutes} minutes in memory that does not grow`,
  () => {
    manualSeed(0);
    const model = new Sequential(new Linear(64, 256), new ReLU(), new Linear(256, 10));
    toQuantized(model);
    for (const layer of model.modules())
      if (layer instanceof QuantizationMixin)
        layer.outputQuantizers[0] = new affine.QuantizeDequantize({
          shape: [],
          bitwidth: 8,
          symmetric: false,
          encodingAnalyzer: new PercentileEncodingAnalyzer([], { numBins: 256, percentile: 99.9 }),
        });
    const loss = new CrossEntropyLoss();
    const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
    const usage = () => {
      const { rss } = process.memoryUsage();
      return { rss, kernel: memoryUsage().reserved };
    };
    const round = () => {
      computeEncodings(model, () => noGrad(() => model.forward(randn([128, 64]))));
      for (let step = 0; step < 20; step++) {
        optimizer.zeroGrad();
        loss.forward(model.forward(randn([64, 64])), randint(0, 10, [64], { dtype: 'int32' })).backward();
        optimizer.step();
      }
      expect(
        Number.isFinite(
          noGrad(() =>
            model
              .forward(randn([32, 64]))
              .sum()
              .item(),
          ),
        ),
      ).toBe(true);
    };
    const end = Date.now() + minutes * 60_000;
    const warm = Date.now() + minutes * 20_000;
    while (Date.now() < warm) round();
    const before = usage();
    let rounds = 0;
    while (Date.now() < end || rounds === 0) {
      round();
      rounds++;
    }
    const after = usage();
    // Kernel memory grows to its budget and stays; the rest is what the collector has not taken yet.
    const { budget } = memoryUsage();
    expect(after.kernel).toBeLessThanOrEqual(Math.max(before.kernel, budget));
    expect(after.rss - before.rss).toBeLessThan(Math.max(after.kernel - before.kernel, 0) + 160 * 1024 * 1024);
  },
  minutes * 60_000 + 120_000,
);
