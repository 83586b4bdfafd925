import { Generator, noGrad, ones, rand, randn, Tensor, tensor, zeros } from '@q/tensor';
import {
  readCheckpoint,
  readSafetensors,
  readSafetensorsMetadata,
  writeCheckpoint,
  writeSafetensors,
} from '@q/tensor/io';
import { BatchNorm1d, collate, Conv1d, Flatten, Linear, ModuleDict, ReLU, Sequential, Tanh, type Module } from '@q/nn';
import {
  Adagrad,
  Adam,
  AdamW,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  CyclicLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiplicativeLR,
  MultiStepLR,
  OneCycleLR,
  PolynomialLR,
  RMSprop,
  SGD,
  StepLR,
} from '@q/nn/optim';
import {
  affine,
  computeEncodings,
  EntropyEncodingAnalyzer,
  float,
  lowerToInteger,
  MinMaxEncodingAnalyzer,
  MovingAverageMinMaxEncodingAnalyzer,
  MseEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  QuantizedLinear,
  readInteger,
  SqnrEncodingAnalyzer,
  toQuantized,
  writeInteger,
  type EncodingAnalyzer,
  type LegacyEncoding,
  type QuantizedModule,
} from '@q/quant';
import { checksum } from '../../packages/quant/src/lower/file/checksum.js';
import { jsonOf } from './mutations.js';

/** Something that takes what was stored. */
interface Subject {
  /** Takes it; where it throws, `state` is as it was. */
  readonly read: (stored: unknown) => void;
  readonly state: () => unknown;
  /** Works with what was taken. */
  readonly use: () => unknown;
}

/** One kind of thing that is stored and read back. */
export interface Reader {
  readonly name: string;
  /** What was stored, as it should be. */
  readonly stored: unknown;
  /** What may stand in it beside what JSON has. */
  readonly leaves: readonly unknown[];
  readonly make: () => Subject;
}

/** A value as text, tensors with all their elements. */
export const textOf = (value: unknown): string =>
  JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key: string, entry: unknown) {
    // The entry itself: a replacer is given what its toJSON made of it.
    const own = this[key];
    return own instanceof Tensor ? `${own.dtype} [${own.shape.join()}] ${own.detach().data.join()}` : entry;
  }) ?? 'nothing';

const foreignTensors: readonly Tensor[] = [
  zeros([0]),
  tensor(1),
  tensor([NaN, Infinity]),
  zeros([3, 2]),
  ones([2, 3]),
  ones([3]).to('int32'),
  ones([3]).to('float64'),
  tensor([true]),
  ones([1]).expand([3]),
];

const data = (): Tensor =>
  tensor([
    [1, 2, 3],
    [-4, 0, 9],
  ]);

interface AnalyzerClass {
  readonly name: string;
  fromJSON(json: unknown): EncodingAnalyzer;
}

/** Every class of analyzers, and options that keep its statistics small. */
const analyzerClasses: readonly (readonly [AnalyzerClass, object])[] = [
  [MinMaxEncodingAnalyzer, {}],
  [MovingAverageMinMaxEncodingAnalyzer, {}],
  [PercentileEncodingAnalyzer, { numBins: 8 }],
  [SqnrEncodingAnalyzer, { numBins: 8 }],
  [MseEncodingAnalyzer, { numBins: 8 }],
  [EntropyEncodingAnalyzer, { numBins: 8 }],
];

const analyzers = analyzerClasses.flatMap(([type, options]) =>
  [[], [2, 1]].map((shape): Reader => {
    const make = (): EncodingAnalyzer =>
      Reflect.construct(type as unknown as new () => EncodingAnalyzer, [shape, options]) as EncodingAnalyzer;
    const stored = make();
    stored.updateStats(data());
    stored.updateStats(data().mul(2));
    return {
      name: `statistics of ${type.name} [${shape.join(', ')}]`,
      stored: JSON.parse(JSON.stringify(stored)) as unknown,
      leaves: [],
      make: () => {
        let analyzer = make();
        return {
          read: (json) => (analyzer = type.fromJSON(json)),
          state: () => analyzer,
          use: () => {
            analyzer.updateStats(data());
            type.fromJSON(JSON.parse(JSON.stringify(analyzer)));
            return analyzer.computeEncodings(8, true);
          },
        };
      },
    };
  }),
);

const eightBit = (shape: number[] = []) => new affine.QuantizeDequantize({ shape, bitwidth: 8, symmetric: false });

const quantizers = (
  [
    ['an affine quantizer', () => eightBit()],
    ['an affine quantizer per channel', () => eightBit([2, 1])],
    ['a symmetric quantizer', () => new affine.QuantizeDequantize({ shape: [], bitwidth: 4, symmetric: true })],
    [
      'a grouped block quantizer',
      () =>
        new affine.GroupedBlockQuantizeDequantize({
          shape: [2, 1],
          bitwidth: 4,
          symmetric: true,
          decompressedBw: 8,
          blockGrouping: [1, 1],
          blockSize: [1, 3],
        }),
    ],
    ['a float quantizer', () => new float.FloatQuantizeDequantize({ exponentBits: 5, mantissaBits: 10 })],
  ] as const
).map(([name, make]): Reader => {
  const stored = make();
  noGrad(() => stored.computeEncodings(() => stored.forward(data())));
  return {
    name: `encodings of ${name}`,
    stored: JSON.parse(JSON.stringify(stored.getLegacyEncodings())) as unknown,
    leaves: [],
    make: () => {
      const quantizer = make();
      return {
        read: (encodings) => quantizer.setLegacyEncodings(encodings as LegacyEncoding[]),
        state: () => quantizer.getLegacyEncodings(),
        use: () => quantizer.forward(data()),
      };
    },
  };
});

function quantizedLinear(): QuantizedLinear {
  const layer = new QuantizedLinear(3, 2);
  layer.inputQuantizers = [eightBit()];
  layer.outputQuantizers = [eightBit()];
  layer.paramQuantizers = { weight: eightBit([2, 1]), bias: eightBit() };
  computeEncodings(layer, () => layer.forward(data()));
  return layer;
}

const imports = (['Input', 'Output', 'Param'] as const).map((role): Reader => {
  const exported = (layer: QuantizedModule): unknown => layer[`export${role}Encodings`]();
  return {
    name: `${role.toLowerCase()} encodings of a layer`,
    stored: { ...(JSON.parse(JSON.stringify(exported(quantizedLinear()))) as object) },
    leaves: [],
    make: () => {
      const layer = quantizedLinear();
      return {
        read: (encodings) => layer[`import${role}Encodings`](encodings as Record<string, LegacyEncoding[]>),
        state: () => exported(layer),
        use: () => layer.forward(data()),
      };
    },
  };
});

const network = (): Sequential =>
  new Sequential(new Conv1d(2, 3, 2), new ReLU(), new Tanh(), new Flatten(), new Linear(6, 2));
const signal = randn([2, 2, 3]);

/** A small network on integers, its last weights packed two a byte. */
function integerNetwork(): Uint8Array<ArrayBuffer> {
  const model = network();
  toQuantized(model);
  const layers = model.layers as unknown as (Module & QuantizedModule)[];
  for (const layer of layers) layer.outputQuantizers = [eightBit()];
  layers[0]!.inputQuantizers = [eightBit()];
  layers[0]!.paramQuantizers['weight'] = eightBit([3, 1, 1]);
  layers[4]!.paramQuantizers['weight'] = new affine.QuantizeDequantize({ shape: [], bitwidth: 4, symmetric: true });
  noGrad(() => computeEncodings(model, () => model.forward(signal)));
  return writeInteger(lowerToInteger(model, signal).model);
}

/** The file of an integer model, and its parts. */
export const integerFile: Uint8Array<ArrayBuffer> = integerNetwork();
const tensors = readSafetensors(integerFile);
const metadata = readSafetensorsMetadata(integerFile);

/** A file with the checksum of what it says now, so that what is behind that check is reached; one that cannot be read as it is. */
function withChecksum(file: Uint8Array): Uint8Array {
  try {
    const [stored, { layers = '', others = '', ...rest }] = [readSafetensors(file), readSafetensorsMetadata(file)];
    const sum = checksum([layers, others], stored);
    return writeSafetensors(stored, { metadata: { ...rest, layers, others, checksum: sum } });
  } catch {
    return file;
  }
}

/** Reads an integer model from its file. */
export const integerReader = (): Omit<Subject, 'read'> & { readonly read: (file: Uint8Array) => void } => {
  let model: Module = network();
  return {
    read: (file) => (model = readInteger(model, withChecksum(file))),
    state: () => [String(model), model.stateDict()],
    use: () => noGrad(() => model.forward(signal)),
  };
};

const integers: readonly Reader[] = [
  {
    name: 'layers of an integer model',
    stored: JSON.parse(metadata['layers']!) as unknown,
    leaves: [],
    make: () => {
      const reader = integerReader();
      return {
        ...reader,
        read: (layers) => reader.read(writeSafetensors(tensors, { metadata: { ...metadata, layers: jsonOf(layers) } })),
      };
    },
  },
  {
    name: 'metadata of an integer model',
    stored: { ...metadata },
    leaves: [],
    make: () => {
      const reader = integerReader();
      return {
        ...reader,
        read: (given) => reader.read(writeSafetensors(tensors, { metadata: given as Record<string, string> })),
      };
    },
  },
  {
    name: 'tensors of an integer model',
    stored: tensors,
    leaves: foreignTensors,
    make: () => {
      const reader = integerReader();
      return {
        ...reader,
        read: (entries) => {
          const kept = Object.entries(entries ?? {}).filter(
            (entry): entry is [string, Tensor] => entry[1] instanceof Tensor,
          );
          reader.read(writeSafetensors(Object.fromEntries(kept), { metadata }));
        },
      };
    },
  },
];

const models: readonly Reader[] = (
  [
    ['a float model', () => new Sequential(new Linear(3, 2), new BatchNorm1d(2))],
    ['a quantized layer', quantizedLinear],
  ] as const
).flatMap(([name, make]) =>
  [true, false].map((strict): Reader => ({
    name: `state of ${name}, ${strict ? 'strictly' : 'as far as it fits'}`,
    stored: make().stateDict(),
    leaves: foreignTensors,
    make: () => {
      const model = make();
      return {
        read: (state) => model.loadStateDict(state as Record<string, Tensor>, { strict }),
        state: () => model.stateDict(),
        use: () => noGrad(() => model.forward(data())),
      };
    },
  })),
);

/** What keeps state that it can take back. */
interface Stateful {
  stateDict(): unknown;
  loadStateDict(state: unknown): void;
  step(): void;
}

/** An optimizer that has stepped, and its parameter. */
function stepped<O extends { step(): void }>(make: (params: readonly Tensor[]) => O): O {
  const weight = tensor([1, 2, 3], { requiresGrad: true });
  weight.mul(2).sum().backward();
  const optimizer = make([weight]);
  optimizer.step();
  return optimizer;
}

const sgd = (): SGD => stepped((params) => new SGD(params, { lr: 0.1, momentum: 0.9 }));

const steppers = (
  [
    () => sgd(),
    () => stepped((params) => new Adam(params)),
    () => stepped((params) => new AdamW(params, { amsgrad: true })),
    () => stepped((params) => new Adagrad(params)),
    () => stepped((params) => new RMSprop(params, { centered: true, momentum: 0.5 })),
    () => new StepLR(sgd(), 2),
    () => new MultiStepLR(sgd(), [2, 4]),
    () => new ConstantLR(sgd()),
    () => new LinearLR(sgd()),
    () => new ExponentialLR(sgd(), 0.9),
    () => new PolynomialLR(sgd()),
    () => new LambdaLR(sgd(), (epoch) => 0.9 ** epoch),
    () => new MultiplicativeLR(sgd(), () => 0.9),
    () => new CosineAnnealingLR(sgd(), 4),
    () => new CosineAnnealingWarmRestarts(sgd(), 4),
    () => new CyclicLR(sgd(), 0.1, 0.5),
    () => new OneCycleLR(sgd(), 0.5, { totalSteps: 1_000_000 }),
  ] as readonly (() => object)[]
).map((make): Reader => {
  const stored = make() as Stateful;
  return {
    name: `state of ${stored.constructor.name}`,
    stored: stored.stateDict(),
    leaves: foreignTensors,
    make: () => {
      const subject = make() as Stateful;
      return {
        read: (state) => subject.loadStateDict(state),
        state: () => subject.stateDict(),
        use: () => subject.step(),
      };
    },
  };
});

/** What takes names that a program may have read from JSON. */
const named: readonly Reader[] = [
  {
    name: 'samples of a data set',
    stored: [
      { x: [1, 2], y: { label: 'a', weight: 0.5 } },
      { x: [3, 4], y: { label: 'b', weight: 1 } },
    ],
    leaves: foreignTensors,
    make: () => {
      let batch: unknown = null;
      return {
        read: (samples) => (batch = collate(samples as readonly unknown[])),
        state: () => batch,
        use: () => batch,
      };
    },
  },
  {
    name: 'modules by name',
    stored: { first: {}, second: {} },
    leaves: [],
    make: () => {
      let modules = new ModuleDict<Linear>();
      return {
        read: (given) =>
          (modules = new ModuleDict(Object.keys(given ?? {}).map((name) => [name, new Linear(1, 1)] as const))),
        state: () => modules.stateDict(),
        use: () => modules.loadStateDict(modules.stateDict()),
      };
    },
  },
  {
    name: 'options of a group of parameters',
    stored: { lr: 0.1, momentum: 0.9 },
    leaves: foreignTensors,
    make: () => {
      const optimizer = sgd();
      return {
        read: (options) =>
          optimizer.addParamGroup({ ...(options as object), params: [tensor([1], { requiresGrad: true })] }),
        state: () => optimizer.stateDict(),
        use: () => optimizer.step(),
      };
    },
  },
];

const generators: Reader = {
  name: 'state of a generator of random numbers',
  stored: new Generator(3).getState(),
  leaves: [],
  make: () => {
    const generator = new Generator(1);
    return {
      read: (state) => generator.setState(state as ReturnType<Generator['getState']>),
      state: () => generator.getState(),
      use: () => rand([3], { generator }),
    };
  },
};

const checkpointFile = writeCheckpoint({ model: { 'fc.weight': ones([2, 3]) }, list: [1, NaN, null], $epoch: 'x' });

const checkpoints: Reader = {
  name: 'values of a checkpoint',
  stored: JSON.parse(readSafetensorsMetadata(checkpointFile)['value']!) as unknown,
  leaves: [],
  make: () => {
    let checkpoint: object = {};
    return {
      read: (value) =>
        (checkpoint = readCheckpoint(
          writeSafetensors(readSafetensors(checkpointFile), {
            metadata: { ...readSafetensorsMetadata(checkpointFile), value: jsonOf(value) },
          }),
        )),
      state: () => checkpoint,
      use: () => textOf(readCheckpoint(writeCheckpoint(checkpoint))),
    };
  },
};

/** Everything that reads what JSON can hold, or records of tensors. */
export const readers: readonly Reader[] = [
  ...analyzers,
  ...quantizers,
  ...imports,
  ...integers,
  ...models,
  ...steppers,
  ...named,
  generators,
  checkpoints,
];
