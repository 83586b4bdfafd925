import * as nn from '@q/nn';
import { dtypes, manualSeed, noGrad, randn, type Tensor } from '@q/tensor';
import { isTensor } from '@q/tensor/internal';
import { affine, lowerToInteger, QuantizationMixin, toQuantized } from '../../src/index.js';
import { activation, calibrated, compared, slots } from './layers.js';

beforeEach(() => manualSeed(7));

describe('weights in blocks', () => {
  /** A calibrated layer whose weight is quantized in blocks of its inputs: with integer scales (LPBQ) or float ones. */
  function inBlocks(float: nn.Module, x: Tensor, shape: number[], blocks: number[], options: object | null, bits = 8) {
    const layer = QuantizationMixin.fromModule(float);
    layer.inputQuantizers = [activation(bits)];
    layer.outputQuantizers = [activation(bits)];
    const common = { shape, bitwidth: 4, symmetric: true as const, blockSize: blocks };
    layer.paramQuantizers.weight = options
      ? new affine.GroupedBlockQuantizeDequantize({ ...common, decompressedBw: 8, ...options })
      : new affine.QuantizeDequantize(common);
    return calibrated(layer, x);
  }

  it.each<[string, () => nn.Module, () => Tensor, number[], number[], object | null]>([
    ['LPBQ Linear', () => new nn.Linear(64, 48), () => randn([40, 64]), [48, 4], [1, 16], { blockGrouping: [1, 4] }],
    [
      'LPBQ Linear in blocks of 8',
      () => new nn.Linear(64, 48),
      () => randn([40, 64]),
      [48, 8],
      [1, 8],
      { blockGrouping: [1, 8] },
    ],
    [
      'LPBQ Conv2d',
      () => new nn.Conv2d(32, 12, 3, { padding: 1 }),
      () => randn([2, 32, 9, 8]),
      [12, 2, 1, 1],
      [1, 16, 3, 3],
      { blockGrouping: [1, 2, 1, 1] },
    ],
    [
      'LPBQ ConvTranspose1d',
      () => new nn.ConvTranspose1d(32, 12, 3),
      () => randn([2, 32, 20]),
      [2, 12, 1],
      [16, 1, 3],
      { blockGrouping: [2, 1, 1] },
    ],
    ['Linear with a float scale per block', () => new nn.Linear(64, 48), () => randn([40, 64]), [48, 2], [1, 32], null],
    [
      'Linear with float scales, one row',
      () => new nn.Linear(256, 200),
      () => randn([1, 256]),
      [200, 4],
      [1, 64],
      null,
    ],
    [
      'Linear with float scales, leading dims',
      () => new nn.Linear(64, 48),
      () => randn([2, 20, 64]),
      [48, 4],
      [-1, -1],
      null,
    ],
    [
      'Linear with blocks across all channels',
      () => new nn.Linear(64, 48),
      () => randn([40, 64]),
      [1, 2],
      [48, 32],
      null,
    ],
    [
      'Conv2d with a float scale per block',
      () => new nn.Conv2d(32, 12, 3, { padding: 1, stride: 2 }),
      () => randn([2, 32, 9, 8]),
      [12, 2, 1, 1],
      [1, 16, 3, 3],
      null,
    ],
  ])('%s of int4: one step in at most 0.1 %% of the elements', (_name, make, input, shape, blocks, options) => {
    const x = input();
    const { route, most, share } = compared(inBlocks(make(), x, shape, blocks, options), x);
    expect(route).toBe('integer');
    expect(most).toBeLessThanOrEqual(1);
    expect(share).toBeLessThanOrEqual(0.001);
  });

  it('of 16-bit activations: within two steps of 65536', () => {
    const x = randn([40, 64]);
    for (const options of [null, { blockGrouping: [1, 4] }]) {
      const { route, most } = compared(inBlocks(new nn.Linear(64, 48), x, [48, 4], [1, 16], options, 16), x);
      expect(route).toBe('integer');
      expect(most).toBeLessThanOrEqual(2);
    }
  });

  it('that no kernel takes are told', () => {
    const x = randn([2, 32, 20]);
    const why = (layer: nn.Module): string => lowerToInteger(layer, x).report.floats[0]!.why;
    const transposed = inBlocks(new nn.ConvTranspose1d(32, 12, 3), x, [2, 12, 1], [16, 1, 3], null);
    expect(why(transposed)).toMatch(/block scales, which transposed convolutions have no kernel for/);
    const grouped = inBlocks(new nn.Conv1d(32, 12, 3, { groups: 2 }), x, [12, 2, 1], [1, 8, 3], null);
    expect(why(grouped)).toMatch(/block scales, which convolutions in groups have no kernel for/);
    const channels = inBlocks(new nn.Conv1d(32, 12, 3), x, [2, 1, 1], [6, 32, 3], null);
    expect(why(channels)).toMatch(/blocks of something else than its inputs/);
  });
});

describe('weights in memory', () => {
  /** Bytes of the tensors and arrays of a model that are not shared, by the float model's bytes. */
  const share = (bits: number, shape: (out: number) => number[], blockSize: number[] | null = null): number => {
    const x = randn([2, 784]);
    const net = new nn.Sequential(new nn.Linear(784, 512), new nn.ReLU(), new nn.Linear(512, 512));
    const float = net.parameters().reduce((sum, { numel }) => sum + 4 * numel, 0);
    toQuantized(net);
    slots(net.at(0)).inputQuantizers = [activation()];
    slots(net.at(1)).outputQuantizers = [activation()];
    for (const i of [0, 2])
      slots(net.at(i)).paramQuantizers.weight = new affine.QuantizeDequantize({
        shape: shape(512),
        bitwidth: bits,
        symmetric: true,
        blockSize,
      });
    const { model } = lowerToInteger(calibrated(net, x), x);
    noGrad(() => model.forward(x));
    const buffers = new Set<unknown>();
    let bytes = 0;
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || buffers.has(value)) return;
      buffers.add(value);
      if (isTensor(value)) {
        if (!buffers.has(value.storage)) bytes += value.storage.length * dtypes[value.dtype].bytes;
        buffers.add(value.storage);
      } else if (ArrayBuffer.isView(value)) bytes += value.byteLength;
      else for (const part of Object.values(value)) visit(part);
    };
    visit(model);
    return bytes / float;
  };

  it('take at most 27 % of the float ones with 8 bits, 16 % with 4, scales and biases included', () => {
    expect(share(8, (out) => [out, 1])).toBeLessThanOrEqual(0.27);
    expect(share(4, (out) => [out, 1])).toBeLessThanOrEqual(0.16);
    expect(share(4, (out) => [out, 4], [-1, -1])).toBeLessThanOrEqual(0.16);
  });
});
