import * as nn from '@q/nn';
import { FormatError, randint, randn, type Tensor } from '@q/tensor';
import { readSafetensors, readSafetensorsMetadata } from '@q/tensor/io';
import { affine, lowerToInteger, QuantizedLinear, readInteger, toQuantized, writeInteger } from '../../../src/index.js';
import { activation, apart, calibrated, slots, weights } from '../layers.js';
import { fileOf, integerNet, Net, results } from './net.js';

it.each([8, 4])('a model with weights of %i bits comes back from its file and computes the same bits', (bits) => {
  const { model } = integerNet(bits);
  const bytes = writeInteger(model);
  const again = readInteger(new Net(), bytes);
  expect(results(again)).toEqual(results(model));
  expect(writeInteger(again)).toEqual(bytes);
});

describe('weights of 4 bits in blocks', () => {
  const x = randn([6, 64]);
  const lowered = (options: object | null) => {
    const layer = new QuantizedLinear(64, 48);
    layer.inputQuantizers = [activation()];
    layer.outputQuantizers = [activation()];
    const common = { shape: [48, 2], bitwidth: 4, symmetric: true as const, blockSize: [1, 32] };
    layer.paramQuantizers.weight = options
      ? new affine.GroupedBlockQuantizeDequantize({ ...common, decompressedBw: 8, blockGrouping: [1, 2] })
      : new affine.QuantizeDequantize(common);
    return lowerToInteger(calibrated(new nn.Sequential(layer), x), x).model;
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
    expect(apart(again, model, x)).toEqual([0]);
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
    const changed = fileOf({ ...readSafetensors(bytes), ...tensors }, readSafetensorsMetadata(bytes));
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
    const changed = fileOf(readSafetensors(bytes), { ...metadata, layers });
    expect(() => readInteger(empty(), changed)).toThrow(message);
  });
});

describe('readInteger refuses', () => {
  const bytes = writeInteger(integerNet(8).model);
  const metadata = readSafetensorsMetadata(bytes);
  type Layers = {
    path: string;
    kind: string;
    route: string;
    inputs: unknown[];
    output?: unknown;
    settings?: unknown;
    [key: string]: unknown;
  }[];
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
    return fileOf(present, { ...metadata, ...edited, ...change.metadata });
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
      /the output of 'add' .*Infinity/,
    ],
    [
      'an encoding with a grid that is none',
      () =>
        changed({
          layers: at('add', (layer) => (layer.output = { scale: 1, offset: 0, qmin: 9, qmax: 1, symmetry: false })),
        }),
      /is no encoding/,
    ],
    [
      'a layer without a word of its output',
      () => changed({ layers: at('head', (layer) => delete layer.output) }),
      /'head' lacks output/,
    ],
    [
      'a key that means nothing',
      () => changed({ layers: at('head', (layer) => (layer.kutput = null)) }),
      /'head' has kutput, which this version does not know/,
    ],
    [
      'an encoding with a key that means nothing',
      () => changed({ layers: at('add', (layer) => (layer.output = { ...(layer.output as object), axis: 0 })) }),
      /the output of 'add' has axis/,
    ],
    [
      'an encoding without its offset',
      () =>
        changed({ layers: at('add', (layer) => (layer.output = { ...(layer.output as object), offset: undefined })) }),
      /the output of 'add' lacks offset/,
    ],
    [
      'a weight in a layer that has none',
      () => changed({ layers: at('add', (layer) => (layer.weight = {})) }),
      /'add' has a weight or lends its result, as no Add with such an output does/,
    ],
    [
      'a result on a grid that no layer behind it has',
      () =>
        changed({
          layers: at('conv', (layer) => {
            const lends = layer.lends as { on: { scale: number } };
            lends.on.scale *= 2;
          }),
        }),
      /'conv' puts its result on a grid that no layer behind it has/,
    ],
    [
      'a layer that lends a result which has a grid',
      () =>
        changed({
          layers: (list) => {
            const conv = list.find(({ path }) => path === 'conv')!;
            at('head', (layer) => (layer.lends = conv.lends))(list);
          },
        }),
      /'head' has a weight or lends its result/,
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

it('any bit of a file that flips is found out', () => {
  const { model } = integerNet(4);
  const bytes = writeInteger(model);
  const net = new Net();
  for (let at = 0; at < bytes.length; at += 41) {
    const damaged = bytes.slice();
    damaged[at]! ^= 1 << (at % 8);
    expect(() => readInteger(net, damaged)).toThrow(FormatError);
  }
  expect(() => readInteger(net, bytes)).not.toThrow();
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
    const net = toQuantized(build(0.1, 1, 1e-5).eval());
    slots(net.at(0)).inputQuantizers = [activation()];
    for (const i of [0, 2]) slots(net.at(i)).outputQuantizers = [activation()];
    return lowerToInteger(calibrated(net, x), x).model;
  };

  it('is read by the same settings alone', () => {
    const bytes = writeInteger(lowered());
    expect(() => readInteger(build(0.1, 1, 1e-5), bytes)).not.toThrow();
    for (const [path, other] of [build(0.2, 1, 1e-5), build(0.1, 2, 1e-5), build(0.1, 1, 1)].entries())
      expect(() => readInteger(other, bytes)).toThrow(`'${path}' was lowered with other settings`);
  });
});

describe('layers that are no integer ones', () => {
  class Own extends nn.Module {
    forward(x: Tensor): Tensor {
      return x;
    }
  }
  const other = class extends Own {};
  const x = randn([3, 4]);
  const build = (...more: nn.Layer[]) => new nn.Sequential(new nn.Linear(4, 4), ...more);
  const file = (...more: nn.Layer[]) => {
    const layer = new QuantizedLinear(4, 4);
    layer.inputQuantizers = [activation()];
    layer.paramQuantizers.weight = weights();
    return writeInteger(lowerToInteger(calibrated(new nn.Sequential(layer, ...more), x), x).model);
  };

  it('must be of the class they were, where it is one of @q/nn', () => {
    expect(() => readInteger(build(new nn.Tanh()), file(new nn.Tanh()))).not.toThrow();
    expect(() => readInteger(build(new nn.Sigmoid()), file(new nn.Tanh()))).toThrow(
      /the model has \{"1":"Sigmoid"\}, the one that was written had \{"1":"Tanh"\}/,
    );
  });

  it('must stand there, where it is one of the user, whatever that is called', () => {
    expect(() => readInteger(build(new other()), file(new Own()))).not.toThrow();
    expect(() => readInteger(build(new nn.Tanh()), file(new Own()))).toThrow(/had \{"1":null\}/);
    expect(() => readInteger(build(new Own()), file(new nn.Tanh()))).toThrow(/the model has \{"1":null\}/);
    expect(() => readInteger(build(), file(new Own()))).toThrow(/the model has \{\}/);
  });
});
