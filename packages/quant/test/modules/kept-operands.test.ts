import { Linear, type Module } from '@q/nn';
import { noGrad, randn, scope, type Tensor } from '@q/tensor';
import { affine, computeEncodings, integerLinear, QuantizationMixin, type KernelModule } from '../../src/index.js';

const x = randn([4, 64]);

function quantized(symmetric = true): Linear & Module & KernelModule {
  const layer = QuantizationMixin.fromModule(new Linear(64, 512));
  const quantizer = (shape: number[], around: boolean) =>
    new affine.QuantizeDequantize({ shape, bitwidth: 8, symmetric: around });
  layer.inputQuantizers = [quantizer([], false)];
  layer.outputQuantizers = [quantizer([], false)];
  layer.paramQuantizers.weight = quantizer([512, 1], symmetric);
  noGrad(() => computeEncodings(layer, () => layer.forward(x)));
  return layer;
}

/** What the kernel gets as its weight in one call, and the result. */
function called(layer: ReturnType<typeof quantized>): { weight: unknown; y: Tensor } {
  let weight: unknown;
  layer.setKernel((inputs, params, context) => {
    weight = params.weight;
    return integerLinear(inputs, params, context);
  });
  const y = noGrad(() => layer.forward(x));
  return { weight, y };
}

describe('the weight of a kernel', () => {
  it('is put on its grid once', () => {
    const layer = quantized();
    const first = called(layer);
    const again = scope(() => called(layer));
    expect(again.weight).toBe(first.weight);
    expect(again.y.toArray()).toEqual(first.y.toArray());
  });

  it('is put on it anew where it was written to, replaced, or has another range', () => {
    const layer = quantized();
    const changes: (() => void)[] = [
      () => noGrad(() => layer.weight.mul_(0.5)),
      () => (layer.weight = new Linear(64, 512).weight),
      () =>
        (layer.paramQuantizers.weight as affine.QuantizeDequantize).setRange(
          randn([512, 1]).abs().neg(),
          randn([512, 1]).abs(),
        ),
      () => (layer.paramQuantizers.weight = new affine.QuantizeDequantize({ shape: [], bitwidth: 4, symmetric: true })),
    ];
    for (const change of changes) {
      const before = called(layer);
      change();
      const after = called(layer);
      expect(after.weight).not.toBe(before.weight);
      layer.setKernel(null);
      const simulated = noGrad(() => layer.forward(x));
      const step = (layer.outputQuantizers[0] as affine.QuantizeDequantize).getScale()!.item();
      expect(after.y.sub(simulated).abs().max().item()).toBeLessThanOrEqual(1.001 * step);
    }
  });

  it.each([true, false])('outlives the scope in which it was first needed, symmetric %s', (symmetric) => {
    const layer = quantized(symmetric);
    const first = scope(() => called(layer).y);
    expect(scope(() => called(layer).y).toArray()).toEqual(first.toArray());
  });

  it('is made anew where gradients are recorded, which a kernel may compute', () => {
    const layer = quantized();
    called(layer);
    const { weight } = called(layer);
    let recorded: unknown;
    layer.setKernel((inputs, params, context) => {
      recorded = params.weight;
      return integerLinear(inputs, params, context);
    });
    layer.forward(x);
    expect(recorded).not.toBe(weight);
  });
});
