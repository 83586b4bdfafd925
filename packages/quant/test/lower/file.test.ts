import * as nn from '@q/nn';
import { FormatError, manualSeed, noGrad, randint, randn, type Tensor } from '@q/tensor';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '@q/tensor/io';
import {
  affine,
  computeEncodings,
  lowerToInteger,
  readInteger,
  toQuantized,
  writeInteger,
  type QuantizedModule,
} from '../../src/index.js';

/** One layer of every rule. */
class Net extends nn.Module {
  embedding = new nn.Embedding(30, 12);
  conv = new nn.Conv1d(10, 8, 3, { padding: 1 });
  relu = new nn.ReLU();
  up = new nn.ConvTranspose1d(8, 6, 2, { stride: 2, groups: 2 });
  tanh = new nn.Tanh();
  norm = new nn.LayerNorm([24]);
  product = new nn.MatMul();
  add = new nn.Add();
  concat = new nn.Concat(1);
  flatten = new nn.Flatten();
  head = new nn.Linear(6 * 12, 5, { bias: false });

  forward(index: Tensor): Tensor {
    const hidden = this.relu.forward(this.conv.forward(this.embedding.forward(index)));
    const normed = this.norm.forward(this.tanh.forward(this.up.forward(hidden)));
    const square = this.product.forward(normed, normed.transpose(1, 2));
    const sum = this.add.forward(square, square);
    return this.head.forward(this.flatten.forward(this.concat.forward(sum, square)));
  }
}

function integerNet(bits: number, index: Tensor) {
  manualSeed(11);
  const net = new Net();
  toQuantized(net);
  for (const name of ['conv', 'up', 'head', 'embedding', 'norm'] as const) {
    const { paramQuantizers } = net[name] as unknown as QuantizedModule;
    paramQuantizers.weight = new affine.QuantizeDequantize({ shape: [], bitwidth: bits, symmetric: bits === 8 });
  }
  for (const name of ['embedding', 'relu', 'up', 'tanh', 'norm', 'product', 'add', 'concat', 'head'] as const)
    (net[name] as unknown as QuantizedModule).outputQuantizers = [
      new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false }),
    ];
  noGrad(() => computeEncodings(net, () => net.forward(index)));
  return lowerToInteger(net, index);
}

const index = randint(0, 30, [4, 10]);
const run = (net: nn.Module): unknown => noGrad(() => net.forward(index) as Tensor).data;

describe.each([8, 4])('an integer model with weights of %i bits', (bits) => {
  const { model, report } = integerNet(bits, index);
  const bytes = writeInteger(model);

  it('has all layers on integers', () => expect(report.floats).toEqual([]));

  it('comes back from its file and computes the same bits', () => {
    const again = readInteger(new Net(), bytes);
    expect(run(again)).toEqual(run(model));
    expect(writeInteger(again)).toEqual(bytes);
  });

  it('remembers on which grid the layer behind wants a result', () => {
    const { layers } = readSafetensorsMetadata(bytes);
    const conv = (JSON.parse(layers!) as { path: string; lends?: object }[]).find(({ path }) => path === 'conv');
    expect(conv!.lends).toMatchObject({ low: expect.any(Number), high: 255 });
  });

  it('keeps no float weight of a product in its file', () => {
    const tensors = readSafetensors(bytes);
    for (const name of ['conv', 'up', 'head']) expect(tensors[`${name}.weight`]!.dtype).toMatch(/^u?int8$/);
    expect(tensors['head.weight']!.numel).toBe((5 * 72 * bits) / 8);
  });
});

it.each([
  [8, 0.27],
  [4, 0.16],
])('the file of linear layers of %i bits is at most %f of the float one', (bits, share) => {
  const net = new nn.Sequential(new nn.Linear(784, 512), new nn.ReLU(), new nn.Linear(512, 512));
  const float = writeSafetensors(net.stateDict()).length;
  const x = randn([4, 784]);
  const quantizer = (shape: number[], bitwidth: number, symmetric: boolean) =>
    new affine.QuantizeDequantize({ shape, bitwidth, symmetric });
  toQuantized(net);
  const layers = net.children() as unknown as QuantizedModule[];
  layers[0]!.inputQuantizers = [quantizer([], 8, false)];
  layers[1]!.outputQuantizers = [quantizer([], 8, false)];
  for (const i of [0, 2]) layers[i]!.paramQuantizers.weight = quantizer([512, 1], bits, true);
  noGrad(() => computeEncodings(net, () => net.forward(x)));
  expect(writeInteger(lowerToInteger(net, x).model).length / float).toBeLessThanOrEqual(share);
});

describe('weights of 4 bits in blocks', () => {
  const x = randn([6, 64]);
  const lowered = (options: object | null) => {
    const net = new nn.Sequential(new nn.Linear(64, 48));
    toQuantized(net);
    const layer = net.children()[0] as unknown as QuantizedModule;
    const activation = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
    layer.inputQuantizers = [activation()];
    layer.outputQuantizers = [activation()];
    const common = { shape: [48, 2], bitwidth: 4, symmetric: true, blockSize: [1, 32] };
    layer.paramQuantizers.weight = options
      ? new affine.GroupedBlockQuantizeDequantize({ ...common, decompressedBw: 8, blockGrouping: [1, 2] })
      : new affine.QuantizeDequantize(common);
    noGrad(() => computeEncodings(net, () => net.forward(x)));
    return lowerToInteger(net, x).model;
  };
  const empty = () => new nn.Sequential(new nn.Linear(64, 48));

  it.each([
    ['integer factors', {}, '0.weight_factors', 'uint8'],
    ['float scales', null, '0.weight_block_scales', 'float32'],
  ])('come back with their %s', (_name, options, name, dtype) => {
    const model = lowered(options);
    const bytes = writeInteger(model);
    const tensors = readSafetensors(bytes);
    expect([tensors[name]!.dtype, tensors['0.weight']!.shape]).toEqual([dtype, [48, 32]]);
    const again = readInteger(empty(), bytes);
    expect(noGrad(() => again.forward(x)).data).toEqual(noGrad(() => model.forward(x)).data);
    expect(writeInteger(again)).toEqual(bytes);
  });

  it.each([
    [
      'factors that leave 8 bits',
      { '0.weight_factors': randint(17, 20, [48, 2], { dtype: 'uint8' }) },
      /factors outside 1 to 16/,
    ],
    [
      'factors of other blocks',
      { '0.weight_factors': randint(1, 2, [48, 4], { dtype: 'uint8' }) },
      /the model wants uint8 \[48, 2\]/,
    ],
  ])('are refused with %s', (_name, tensors, message) => {
    const bytes = writeInteger(lowered({}));
    const changed = writeSafetensors(
      { ...readSafetensors(bytes), ...tensors },
      { metadata: readSafetensorsMetadata(bytes) },
    );
    expect(() => readInteger(empty(), changed)).toThrow(message);
  });

  it.each([
    ['3 blocks', { factors: 3 }, /blocks or halves that do not go together/],
    ['halves of 8 bits', { bits: 8 }, /do not go together/],
    ['no number of blocks', { factors: -1 }, /has no number of blocks/],
  ])('are refused with %s', (_name, change, message) => {
    const bytes = writeInteger(lowered({}));
    const metadata = readSafetensorsMetadata(bytes);
    const [layer] = JSON.parse(metadata.layers!) as { weight: object }[];
    const layers = JSON.stringify([{ ...layer!, weight: { ...layer!.weight, ...change } }]);
    const changed = writeSafetensors(readSafetensors(bytes), { metadata: { ...metadata, layers } });
    expect(() => readInteger(empty(), changed)).toThrow(message);
  });
});

describe('writeInteger refuses', () => {
  it('models with fake-quantized layers and models without integer ones', () => {
    const net = new nn.Sequential(new nn.Linear(2, 2));
    expect(() => writeInteger(net)).toThrow(/has no integer layers/);
    toQuantized(net);
    expect(() => writeInteger(net)).toThrow(/writeInteger: 0 did not become integer layers/);
  });
});

describe('readInteger refuses', () => {
  const bytes = writeInteger(integerNet(8, index).model);
  const metadata = readSafetensorsMetadata(bytes);
  type Layers = { path: string; kind: string; route: string; inputs: unknown[]; output: unknown; settings?: unknown }[];
  const layers = () => JSON.parse(metadata.layers!) as Layers;

  /** The file with other tensors or metadata. */
  function changed(change: {
    tensors?: Record<string, Tensor | null>;
    metadata?: Record<string, string>;
    layers?: (layers: Layers) => unknown;
  }) {
    const tensors = { ...readSafetensors(bytes), ...change.tensors };
    const list = layers();
    const edited: Record<string, string> = change.layers ? { layers: JSON.stringify(change.layers(list) ?? list) } : {};
    const present = Object.fromEntries(
      Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== null),
    );
    return writeSafetensors(present, { metadata: { ...metadata, ...edited, ...change.metadata } });
  }

  const at = (path: string, edit: (layer: Layers[number]) => void) => (list: Layers) =>
    void edit(list.find((layer) => layer.path === path)!);

  it.each<[string, () => Uint8Array, RegExp]>([
    ['a damaged file', () => bytes.slice(0, -3), /safetensors/],
    ['another format', () => changed({ metadata: { format: 'onnx' } }), /no integer model but 'onnx'/],
    ['another version', () => changed({ metadata: { version: '1' } }), /version 1 of the format/],
    ['layers that are no JSON', () => changed({ metadata: { layers: '{' } }), /is not JSON/],
    ['layers that are no list', () => changed({ metadata: { layers: '{}' } }), /is not a list/],
    ['a missing tensor', () => changed({ tensors: { 'head.weight': null } }), /'head.weight' is missing/],
    [
      'a tensor of another shape',
      () => changed({ tensors: { 'head.weight': randn([5]).to('int8') } }),
      /wants int8 \[5, 72\]/,
    ],
    ['a tensor nobody needs', () => changed({ tensors: { extra: randn([1]) } }), /'extra' belong to nothing/],
    [
      'a scale that is not positive',
      () => changed({ tensors: { 'head.weight_scale': randn([5]).abs().neg() } }),
      /not positive/,
    ],
    [
      'a layer the model lacks',
      () => changed({ layers: at('head', (layer) => (layer.path = 'tail')) }),
      /the model nothing/,
    ],
    [
      'a layer of another class',
      () => changed({ layers: at('tanh', (layer) => (layer.kind = 'Sigmoid')) }),
      /Sigmoid at 'tanh', the model Tanh/,
    ],
    ['other settings', () => changed({ layers: at('conv', (layer) => (layer.settings = {})) }), /other settings/],
    [
      'settings deeper than any stack',
      () => {
        const list = layers();
        at('conv', (layer) => (layer.settings = 'deep'))(list);
        const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
        return changed({ metadata: { layers: JSON.stringify(list).replace('"deep"', deep) } });
      },
      /other settings/,
    ],
    [
      'a layer twice',
      () => changed({ layers: (list) => [...list, list.find(({ path }) => path === 'add')] }),
      /two layers at 'add'/,
    ],
    [
      'an encoding with an infinite scale',
      () =>
        changed({
          layers: at(
            'add',
            (layer) => (layer.output = { scale: 1e300, offset: 0, qmin: 0, qmax: 255, symmetry: false }),
          ),
        }),
      /has the scale Infinity/,
    ],
    [
      'an encoding with a grid that is none',
      () =>
        changed({
          layers: at('add', (layer) => (layer.output = { scale: 1, offset: 0, qmin: 9, qmax: 1, symmetry: false })),
        }),
      /is no encoding/,
    ],
    ['an unknown route', () => changed({ layers: at('add', (layer) => (layer.route = 'float')) }), /has no route/],
    [
      'a layer without the grid of its result',
      () => changed({ layers: at('tanh', (layer) => (layer.output = null)) }),
      /'tanh' has no output encoding/,
    ],
    [
      'a layer that is left out',
      () => changed({ layers: (list) => list.filter(({ path }) => path !== 'flatten') }),
      /beside its integer layers the model has \{"flatten":"Flatten"\}, the one that was written had \{\}/,
    ],
    ['other layers that are no JSON', () => changed({ metadata: { others: '' } }), /is not JSON/],
    ['another model', () => bytes, /Build the model that was lowered/],
  ])('%s', (name, file, message) => {
    const net = name === 'another model' ? new nn.Sequential(new nn.Linear(2, 2)) : new Net();
    const before = net.toString();
    const load = () => readInteger(net, file());
    expect(load).toThrow(FormatError);
    expect(load).toThrow(message);
    expect(net.toString()).toBe(before);
  });
});

describe('a file of a model with other settings', () => {
  const x = randn([2, 3, 6, 6]);
  const build = (slope: number, stride: number, eps: number) =>
    new nn.Sequential(
      new nn.LeakyReLU({ negativeSlope: slope }),
      new nn.MaxPool2d(2, { stride }),
      new nn.GroupNorm(3, 3, { eps }),
    );
  const lowered = () => {
    const net = build(0.1, 1, 1e-5).eval();
    toQuantized(net);
    const slots = net.children() as unknown as QuantizedModule[];
    const activation = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
    slots[0]!.inputQuantizers = [activation()];
    for (const i of [0, 2]) slots[i]!.outputQuantizers = [activation()];
    noGrad(() => computeEncodings(net, () => net.forward(x)));
    return lowerToInteger(net, x).model;
  };

  it('is read by the same settings alone', () => {
    const bytes = writeInteger(lowered());
    expect(() => readInteger(build(0.1, 1, 1e-5), bytes)).not.toThrow();
    for (const [path, other] of [build(0.2, 1, 1e-5), build(0.1, 2, 1e-5), build(0.1, 1, 1)].entries())
      expect(() => readInteger(other, bytes)).toThrow(`'${path}' was lowered with other settings`);
  });

  it('is not written with a bias that is not finite', () => {
    const net = new nn.Sequential(new nn.Linear(4, 4));
    toQuantized(net);
    const slots = net.at(0) as unknown as QuantizedModule;
    slots.inputQuantizers = [new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false })];
    slots.paramQuantizers.weight = new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: true });
    const rows = randn([3, 4]);
    noGrad(() => computeEncodings(net, () => net.forward(rows)));
    noGrad(() => (net.at(0) as unknown as nn.Linear).bias!.fill_(Infinity));
    expect(() => writeInteger(lowerToInteger(net, rows).model)).toThrow(
      /the bias of '0' has values that are not finite/,
    );
  });
});
