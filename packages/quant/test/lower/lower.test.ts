import * as nn from '@q/nn';
import { dtypes, manualSeed, noGrad, randint, randn, Tensor } from '@q/tensor';
import { isTensor } from '@q/tensor/internal';
import {
  affine,
  computeEncodings,
  lowerToInteger,
  QuantizationMixin,
  toQuantized,
  type DequantizedTensor,
  type Lowered,
  type QuantizedModule,
} from '../../src/index.js';

const activation = (bitwidth = 8, symmetric = false) =>
  new affine.QuantizeDequantize({ shape: [], bitwidth, symmetric });

interface Setting {
  /** Shape of the weight's quantizer. */
  readonly weight?: number[];
  readonly weightBits?: number;
  readonly weightSymmetric?: boolean;
  readonly bits?: number;
  readonly symmetric?: boolean;
  readonly output?: boolean;
}

/** A calibrated layer with quantizers at its inputs, its output and its weight. */
function simulated(float: nn.Module, inputs: readonly unknown[], setting: Setting = {}): nn.Module & QuantizedModule {
  const { weight, weightBits = 8, weightSymmetric = true, bits = 8, symmetric = false, output = true } = setting;
  const layer = QuantizationMixin.fromModule(float);
  layer.inputQuantizers = layer.inputQuantizers.map(() => activation(bits, symmetric));
  if (output) layer.outputQuantizers = [activation(bits, symmetric)];
  if (weight !== undefined)
    layer.paramQuantizers.weight = new affine.QuantizeDequantize({
      shape: weight,
      bitwidth: weightBits,
      symmetric: weightSymmetric,
    });
  noGrad(() => computeEncodings(layer, () => layer.forward(...inputs)));
  return layer;
}

const positions = (y: unknown): number[] => [...(y as DequantizedTensor).quantizedRepr().to('int32').flatten().data];

/** Compares a lowered layer with its simulation: the most steps apart, and the share of positions that differ at all. */
function distance(layer: nn.Module, lowered: Lowered<nn.Module>, inputs: readonly unknown[]) {
  const [wanted, got] = noGrad(() => [
    positions(layer.forward(...inputs)),
    positions(lowered.model.forward(...inputs)),
  ]);
  expect(got.length).toBe(wanted.length);
  const steps = got.map((q, i) => Math.abs(q - wanted[i]!));
  return { most: Math.max(...steps), share: steps.filter((step) => step > 0).length / steps.length };
}

beforeEach(() => manualSeed(7));

const image = () => randn([3, 8, 11, 9]);

describe('products on integers are the simulation but for ties: one step in at most 0.1 % of the elements', () => {
  it.each<[string, () => nn.Module, () => Tensor, Setting]>([
    ['Linear per tensor', () => new nn.Linear(64, 50), () => randn([40, 64]), { weight: [] }],
    ['Linear per channel', () => new nn.Linear(64, 50), () => randn([40, 64]), { weight: [50, 1] }],
    ['Linear with leading dims', () => new nn.Linear(64, 50), () => randn([2, 20, 64]), { weight: [50, 1] }],
    ['Linear of int4', () => new nn.Linear(64, 50), () => randn([40, 64]), { weight: [50, 1], weightBits: 4 }],
    [
      'Linear of an asymmetric weight',
      () => new nn.Linear(64, 50),
      () => randn([40, 64]),
      { weight: [50, 1], weightSymmetric: false },
    ],
    [
      'Linear of signed activations',
      () => new nn.Linear(64, 50),
      () => randn([40, 64]),
      { weight: [50, 1], symmetric: true },
    ],
    [
      'Conv1d',
      () => new nn.Conv1d(8, 12, 3, { padding: 1, dilation: 2 }),
      () => randn([3, 8, 40]),
      { weight: [12, 1, 1] },
    ],
    ['Conv2d', () => new nn.Conv2d(8, 12, 3, { padding: 1 }), image, { weight: [12, 1, 1, 1] }],
    ['Conv2d pointwise', () => new nn.Conv2d(8, 12, 1), image, { weight: [12, 1, 1, 1] }],
    [
      'Conv2d with stride and groups',
      () => new nn.Conv2d(8, 12, 3, { stride: [2, 1], groups: 4, padding: [1, 2] }),
      image,
      { weight: [12, 1, 1, 1] },
    ],
    [
      'Conv2d depthwise',
      () => new nn.Conv2d(8, 16, 3, { groups: 8, padding: 'same' }),
      image,
      { weight: [16, 1, 1, 1] },
    ],
    ['Conv3d', () => new nn.Conv3d(2, 4, 2), () => randn([2, 2, 5, 6, 7]), { weight: [4, 1, 1, 1, 1] }],
    [
      'ConvTranspose1d',
      () => new nn.ConvTranspose1d(8, 6, 4, { stride: 2 }),
      () => randn([3, 8, 20]),
      { weight: [1, 6, 1] },
    ],
    [
      'ConvTranspose2d with all options',
      () =>
        new nn.ConvTranspose2d(8, 6, 3, { stride: [2, 3], padding: [1, 2], outputPadding: [1, 2], dilation: [2, 1] }),
      image,
      { weight: [1, 6, 1, 1] },
    ],
    [
      'ConvTranspose2d with groups',
      () => new nn.ConvTranspose2d(8, 6, 3, { stride: 2, groups: 2 }),
      image,
      { weight: [1, 3, 1, 1] },
    ],
  ])('%s', (_name, make, input, setting) => {
    const x = input();
    const layer = simulated(make(), [x], setting);
    const lowered = lowerToInteger(layer, x);
    expect(lowered.report.layers.map(({ route }) => route)).toEqual(['integer']);
    const { most, share } = distance(layer, lowered, [x]);
    expect(most).toBeLessThanOrEqual(1);
    expect(share).toBeLessThanOrEqual(0.001);
  });

  it.each<[string, () => nn.Module, () => [Tensor, Tensor]]>([
    ['MatMul', () => new nn.MatMul(), () => [randn([2, 3, 20, 30]), randn([30, 25])]],
    ['Bmm', () => new nn.Bmm(), () => [randn([3, 20, 30]), randn([3, 30, 25])]],
  ])('%s', (_name, make, operands) => {
    const inputs = operands();
    const layer = simulated(make(), inputs);
    const { most, share } = distance(layer, lowerToInteger(layer, inputs), inputs);
    expect(most).toBeLessThanOrEqual(1);
    expect(share).toBeLessThanOrEqual(0.001);
  });

  it.each([false, true])(
    'Linear and Conv2d of 16-bit activations, symmetric %s: within two steps of 65536',
    (symmetric) => {
      for (const [make, x, weight] of [
        [() => new nn.Linear(64, 50), randn([40, 64]), [50, 1]],
        [() => new nn.Conv2d(8, 12, 3, { padding: 1 }), image(), [12, 1, 1, 1]],
      ] as const) {
        const layer = simulated(make(), [x], { weight: [...weight], bits: 16, symmetric });
        const lowered = lowerToInteger(layer, x);
        expect(lowered.report.layers[0]!.route).toBe('integer');
        expect(distance(layer, lowered, [x]).most).toBeLessThanOrEqual(2);
      }
    },
  );

  /** A calibrated layer whose weight is quantized in blocks of its inputs: with integer scales (LPBQ) or float ones. */
  function inBlocks(float: nn.Module, x: Tensor, shape: number[], blocks: number[], options: object | null, bits = 8) {
    const layer = QuantizationMixin.fromModule(float);
    layer.inputQuantizers = [activation(bits)];
    layer.outputQuantizers = [activation(bits)];
    const common = { shape, bitwidth: 4, symmetric: true, blockSize: blocks };
    layer.paramQuantizers.weight = options
      ? new affine.GroupedBlockQuantizeDequantize({ ...common, decompressedBw: 8, ...options })
      : new affine.QuantizeDequantize(common);
    noGrad(() => computeEncodings(layer, () => layer.forward(x)));
    return layer;
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
  ])('%s of int4', (_name, make, input, shape, blocks, options) => {
    const x = input();
    const layer = inBlocks(make(), x, shape, blocks, options);
    const lowered = lowerToInteger(layer, x);
    expect(lowered.report.layers.map(({ route }) => route)).toEqual(['integer']);
    const { most, share } = distance(layer, lowered, [x]);
    expect(most).toBeLessThanOrEqual(1);
    expect(share).toBeLessThanOrEqual(0.001);
  });

  it('blocks of 16-bit activations: within two steps of 65536', () => {
    const x = randn([40, 64]);
    for (const options of [null, { blockGrouping: [1, 4] }]) {
      const layer = inBlocks(new nn.Linear(64, 48), x, [48, 4], [1, 16], options, 16);
      const lowered = lowerToInteger(layer, x);
      expect(lowered.report.floats).toEqual([]);
      expect(distance(layer, lowered, [x]).most).toBeLessThanOrEqual(2);
    }
  });

  it('blocks that no kernel takes are told', () => {
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
    const layers = net.children() as unknown as QuantizedModule[];
    layers[0]!.inputQuantizers = [activation()];
    layers[1]!.outputQuantizers = [activation()];
    for (const i of [0, 2])
      layers[i]!.paramQuantizers.weight = new affine.QuantizeDequantize({
        shape: shape(512),
        bitwidth: bits,
        symmetric: true,
        blockSize,
      });
    noGrad(() => computeEncodings(net, () => net.forward(x)));
    const { model } = lowerToInteger(net, x);
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

describe('bit for bit the simulation', () => {
  const functions = [
    nn.ReLU,
    nn.ReLU6,
    nn.Hardtanh,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Sigmoid,
    nn.Tanh,
    nn.GELU,
    nn.SiLU,
    nn.LeakyReLU,
    nn.ELU,
  ];
  it.each(functions.map((type) => [type.name, type] as const))('%s by table', (_name, type) => {
    const x = randn([20, 30]).mul(3);
    const layer = simulated(new type(), [x]);
    const lowered = lowerToInteger(layer, x);
    expect(lowered.report.layers[0]!.route).toBe('integer');
    expect(distance(layer, lowered, [x]).most).toBe(0);
  });

  it.each([nn.Add, nn.Subtract, nn.Multiply, nn.Maximum].map((type) => [type.name, type] as const))(
    '%s of operands that broadcast, and of a number',
    (_name, type) => {
      const inputs = [randn([20, 30]), randn([30]).mul(2)];
      const layer = simulated(new type(), inputs);
      expect(distance(layer, lowerToInteger(layer, inputs), inputs).most).toBe(0);
      const number = [inputs[0], 0.7];
      expect(distance(layer, lowerToInteger(layer, number), number).most).toBe(0);
    },
  );

  it.each([nn.Add, nn.Subtract, nn.Multiply].map((type) => [type.name, type] as const))(
    '%s of 16-bit operands',
    (_name, type) => {
      const inputs = [randn([20, 30]), randn([20, 30])];
      const layer = simulated(new type(), inputs, { bits: 16 });
      const lowered = lowerToInteger(layer, inputs);
      expect(lowered.report.layers[0]!.route).toBe('integer');
      expect(distance(layer, lowered, inputs).most).toBe(0);
    },
  );

  it('Concat, whose inputs have grids of their own', () => {
    class Join extends nn.Module {
      left = new nn.ReLU();
      right = new nn.Tanh();
      concat = new nn.Concat(1);
      forward(x: Tensor): Tensor {
        return this.concat.forward(this.left.forward(x), this.right.forward(x));
      }
    }
    const x = randn([20, 30]);
    const model = new Join();
    toQuantized(model);
    for (const layer of [model.left, model.right, model.concat] as unknown as QuantizedModule[])
      layer.outputQuantizers = [activation()];
    (model.left as unknown as QuantizedModule).inputQuantizers = [activation()];
    (model.right as unknown as QuantizedModule).inputQuantizers = [activation()];
    noGrad(() => computeEncodings(model, () => model.forward(x)));
    const lowered = lowerToInteger(model, x);
    expect(lowered.report.layers.map(({ route }) => route)).toEqual(['integer', 'integer', 'integer']);
    expect(distance(model, lowered, [x]).most).toBe(0);
  });

  it.each<[string, () => nn.Module]>([
    ['MaxPool2d', () => new nn.MaxPool2d(3, { padding: 1, stride: 2 })],
    ['AvgPool2d', () => new nn.AvgPool2d(3, { padding: 1 })],
    ['AdaptiveAvgPool2d', () => new nn.AdaptiveAvgPool2d(1)],
    ['Flatten', () => new nn.Flatten()],
    ['Softmax', () => new nn.Softmax(1)],
    ['LayerNorm', () => new nn.LayerNorm([9])],
  ])('%s', (_name, make) => {
    const x = image();
    const layer = simulated(make(), [x]);
    const lowered = lowerToInteger(layer, x);
    expect(lowered.report.floats).toEqual([]);
    expect(distance(layer, lowered, [x]).most).toBe(0);
  });

  it('Embedding', () => {
    const index = randint(0, 20, [5, 6]);
    const layer = QuantizationMixin.fromModule(new nn.Embedding(20, 8));
    layer.outputQuantizers = [activation()];
    layer.paramQuantizers.weight = new affine.QuantizeDequantize({ shape: [20, 1], bitwidth: 8, symmetric: true });
    noGrad(() => computeEncodings(layer, () => layer.forward(index)));
    const lowered = lowerToInteger(layer, index);
    expect(lowered.report.layers[0]!.route).toBe('integer');
    expect(distance(layer, lowered, [index]).most).toBe(0);
  });
});

/** Two linear layers; the activation between them may be taken along by the accumulators. */
class Mlp extends nn.Module {
  first = new nn.Linear(16, 32);
  relu = new nn.ReLU6();
  second = new nn.Linear(32, 8);
  forward(x: Tensor): Tensor {
    return this.second.forward(this.relu.forward(this.first.forward(x)));
  }
}

function calibratedMlp(x: Tensor): { model: Mlp; layer: (name: keyof Mlp) => QuantizedModule } {
  const model = new Mlp();
  toQuantized(model);
  const layer = (name: keyof Mlp) => model[name] as unknown as QuantizedModule;
  layer('first').inputQuantizers = [activation()];
  layer('relu').outputQuantizers = [activation()];
  layer('second').outputQuantizers = [activation()];
  for (const name of ['first', 'second'] as const)
    layer(name).paramQuantizers.weight = new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: true });
  noGrad(() => computeEncodings(model, () => model.forward(x)));
  return { model, layer };
}

describe('a model', () => {
  const x = () => randn([200, 16]).mul(2);

  it('puts accumulators on the grid of the activation behind them', () => {
    const input = x();
    const { model } = calibratedMlp(input);
    const lowered = lowerToInteger(model, input);
    expect(lowered.report.layers.map(({ path, route }) => `${path} ${route}`)).toEqual([
      'first integer',
      'relu integer',
      'second integer',
    ]);
    expect(distance(model, lowered, [input]).most).toBeLessThanOrEqual(1);
  });

  it('is left as it is; the copy holds no float weight', () => {
    const input = x();
    const { model } = calibratedMlp(input);
    const before = model.forward(input).data;
    const { model: integer } = lowerToInteger(model, input);
    expect(model.forward(input).data).toEqual(before);
    expect(integer.parameters()).toEqual([]);
    const bytes = integer.buffers().reduce((sum, { numel, dtype }) => sum + numel * (dtype === 'int8' ? 1 : 4), 0);
    expect(bytes).toBe(16 * 32 + 32 * 8);
  });

  it('keeps layers without an integer form fake-quantized, and says why', () => {
    const input = x();
    const { model, layer } = calibratedMlp(input);
    layer('second').paramQuantizers.weight = null;
    layer('relu').outputQuantizers = [null];
    const { model: integer, report } = lowerToInteger(model, input);
    expect(report.floats.map(({ path, why }) => `${path}: ${why}`)).toEqual([
      'relu: it has no output quantizer, so its result is floats',
      'second: its weight has no quantizer',
    ]);
    expect(String(report)).toMatch(/^first +Linear +integer/);
    const difference = noGrad(() => integer.forward(input).sub(model.forward(input)).abs().max().item());
    expect(difference).toBeLessThan(0.05);
  });

  it('without a quantizer at its input reports the layer that gets floats', () => {
    const input = x();
    const { model, layer } = calibratedMlp(input);
    layer('first').inputQuantizers = [null];
    const { report } = lowerToInteger(model, input);
    expect(report.floats.map(({ path }) => path)).toEqual(['first', 'relu']);
    expect(report.floats[0]!.why).toMatch(/its input arrives as floats. Set an input quantizer/);
  });

  it('refuses to fall back to floats later on', () => {
    class Gated extends nn.Module {
      inner = new nn.ReLU();
      act = new nn.Sigmoid();
      skip = false;
      forward(x: Tensor): Tensor {
        return this.act.forward(this.skip ? x : this.inner.forward(x));
      }
    }
    const model = new Gated();
    toQuantized(model);
    const at = (name: 'inner' | 'act') => model[name] as unknown as QuantizedModule;
    at('inner').inputQuantizers = [activation()];
    at('inner').outputQuantizers = [activation()];
    at('act').outputQuantizers = [activation()];
    const input = x();
    noGrad(() => computeEncodings(model, () => model.forward(input)));
    const { model: integer } = lowerToInteger(model, input);
    integer.skip = true;
    expect(() => integer.forward(input)).toThrow(
      /Sigmoid 'act': was lowered to compute as 'integer'.*arrives as floats/,
    );
  });

  it('puts a result on the grid of the one layer that reads it, and says so to any other reader', () => {
    const input = x();
    const { model } = calibratedMlp(input);
    const { model: integer } = lowerToInteger(model, input);
    const lent = integer.first.forward(input);
    expect(integer.relu.forward(lent)).toBeInstanceOf(Tensor);
    const elsewhere = /Linear 'first': its result has no output quantizer and was put on the grid of the one layer/;
    expect(() => lent.data).toThrow(elsewhere);
    expect(() => integer.second.forward(lent)).toThrow(/its input arrives as floats/);
    const other = calibratedMlp(randn([10, 16])).model;
    const { model: stranger } = lowerToInteger(other, randn([10, 16]));
    expect(() => stranger.relu.forward(lent)).toThrow(elsewhere);
  });

  it('must be quantized and calibrated', () => {
    expect(() => lowerToInteger(new Mlp(), x())).toThrow(/has no quantized modules. Make them with toQuantized/);
    const { model, layer } = calibratedMlp(x());
    layer('relu').outputQuantizers = [activation()];
    expect(() => lowerToInteger(model, x())).toThrow(
      /QuantizedReLU6: output quantizer 0 has no encoding yet. Run it inside computeEncodings/,
    );
  });

  it('whose sums could leave 32 bits is told so', () => {
    const wide = randn([2, 70000]);
    const layer = simulated(new nn.Linear(70000, 1), [wide], { weight: [], bits: 16 });
    layer.paramQuantizers.weight!.requiresGrad_(false);
    const { report } = lowerToInteger(layer, wide);
    expect(report.floats[0]!.why).toMatch(
      /do not fit accumulators of 32 bits. Its weights allow inputs up to \d+ steps/,
    );
  });
});

it('integers pass between layers: nothing makes their floats', () => {
  const x = randn([4, 16]);
  const { model } = calibratedMlp(x);
  const { model: integer } = lowerToInteger(model, x);
  const hidden = noGrad(() => integer.relu.forward(integer.first.forward(x))) as DequantizedTensor;
  const pending = (): unknown => Reflect.get(hidden.storage, 'fill');
  expect(pending()).toBeInstanceOf(Function);
  noGrad(() => integer.second.forward(hidden));
  expect(pending()).toBeInstanceOf(Function);
  expect(hidden.data.length).toBe(4 * 32);
  expect(pending()).toBeNull();
});
