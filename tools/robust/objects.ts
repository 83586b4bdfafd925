import { Generator, ones, tensor } from '@q/tensor';
import {
  DataLoader,
  Linear,
  ModuleDict,
  ModuleList,
  MultiheadAttention,
  Sequential,
  TensorDataset,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  type Module,
} from '@q/nn';
import { Adam, CosineAnnealingLR, ReduceLROnPlateau, SGD, StepLR } from '@q/nn/optim';
import {
  affine,
  AffineEncoding,
  EntropyEncodingAnalyzer,
  float,
  MinMaxEncodingAnalyzer,
  MovingAverageMinMaxEncodingAnalyzer,
  MseEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  QuantizedLinear,
  SqnrEncodingAnalyzer,
} from '@q/quant';
import { definitionOf } from '../../packages/quant/src/modules/quantized-module.js';
import { builtIn } from '../../packages/quant/src/modules/built-in.js';
import { typicalOf } from '../../packages/quant/test/modules/typical.js';
import { tensors } from './hostile.js';

const linear = () => new Linear(3, 2);
const sgd = () => new SGD(linear().parameters(), { lr: 0.1 });
const attention = { dimFeedforward: 4 };
const eightBit = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
const initialized = () => {
  const quantizer = eightBit();
  quantizer.setRange(-1, 1);
  return quantizer;
};

/** One object of each kind whose methods the public can call. */
export const receivers: readonly (() => object)[] = [
  ...[2, 3, 4, 9, 10].map((i) => () => tensors()[i]!),
  () => new Generator(0),
  linear,
  () => new Sequential(linear()),
  () => new ModuleList([linear()]),
  () => new ModuleDict({ a: linear() }),
  () => new MultiheadAttention(4, 2),
  () => new TransformerEncoderLayer(4, 2, attention),
  () => new TransformerDecoderLayer(4, 2, attention),
  () => new TransformerEncoder(new TransformerEncoderLayer(4, 2, attention), 1),
  () => new TensorDataset(ones([4, 2])),
  () => new DataLoader(new TensorDataset(ones([4, 2]))),
  sgd,
  () => new Adam(linear().parameters()),
  () => new StepLR(sgd(), 2),
  () => new CosineAnnealingLR(sgd(), 4),
  () => new ReduceLROnPlateau(sgd()),
  () => new QuantizedLinear(3, 2),
  eightBit,
  initialized,
  () => new affine.Quantize({ shape: [], bitwidth: 8, symmetric: false }),
  () =>
    new affine.GroupedBlockQuantizeDequantize({
      shape: [2, 1],
      bitwidth: 4,
      symmetric: true,
      decompressedBw: 8,
      blockGrouping: [1, 1],
      blockSize: [1, 3],
    }),
  () => new float.FloatQuantizeDequantize({ exponentBits: 4, mantissaBits: 3 }),
  () => initialized().forward(ones([2])),
  () => new AffineEncoding(tensor(0.1), tensor(0), { bitwidth: 8, signed: true }),
  () => new float.FloatEncoding(4, 3, tensor(1)),
  () => new MinMaxEncodingAnalyzer([]),
  () => new MovingAverageMinMaxEncodingAnalyzer([]),
  () => new PercentileEncodingAnalyzer([]),
  () => new SqnrEncodingAnalyzer([]),
  () => new MseEncodingAnalyzer([]),
  () => new EntropyEncodingAnalyzer([]),
];

/** Objects that many calls take. */
export const objects: readonly (() => unknown)[] = [
  linear,
  eightBit,
  sgd,
  () => new AffineEncoding(tensor(0.1), tensor(0), { bitwidth: 8, signed: true }),
  () => new MinMaxEncodingAnalyzer([]),
  () => new QuantizedLinear(3, 2),
  () => new TransformerEncoderLayer(4, 2, attention),
  () => new TransformerDecoderLayer(4, 2, attention),
  () => new Generator(1),
  () => [[linear(), linear()]],
  () => ({ shape: [], bitwidth: 8, symmetric: true }),
];

/** A class of layers, arguments that make one, and the inputs of a call. */
export interface Layer {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly inputs: () => readonly unknown[];
  readonly make: () => Module;
}

/** Every class of layers, its quantized one included. */
export const layers: readonly Layer[] = [...builtIn].flatMap(([float, quantized]) => {
  const { args, inputs } = typicalOf(float.name, definitionOf(quantized.prototype)!.inputs);
  return ([float, quantized] as unknown as readonly (new (...args: readonly unknown[]) => Module)[]).map((type) => ({
    name: type.name,
    args,
    inputs,
    make: () => new type(...args).eval(),
  }));
});
