import { ones } from '@q/tensor';
import {
  Conv2d,
  ConvTranspose2d,
  DataLoader,
  Embedding,
  LayerNorm,
  Linear,
  LSTM,
  MultiheadAttention,
  PReLU,
  TensorDataset,
  TransformerEncoder,
  TransformerEncoderLayer,
} from '@q/nn';
import {
  affine,
  EntropyEncodingAnalyzer,
  float,
  MinMaxEncodingAnalyzer,
  MseEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  QuantizedLinear,
  SqnrEncodingAnalyzer,
} from '@q/quant';
import { reads } from '../watch.js';

const many = 2 ** 40;

/** Sizes that nobody has the memory for; those of the tensor package's own functions are with their tests. */
const absurd: readonly (readonly [string, () => unknown])[] = [
  ['Linear', () => new Linear(many, many)],
  ['QuantizedLinear', () => new QuantizedLinear(2 ** 16, 2 ** 16)],
  ['Conv2d', () => new Conv2d(many, 1, 3)],
  ['a kernel', () => new Conv2d(1, 1, many)],
  ['groups', () => new Conv2d(1, 1, 1, { groups: many })],
  ['ConvTranspose2d', () => new ConvTranspose2d(1, many, 3)],
  ['Embedding', () => new Embedding(2 ** 31, 64)],
  ['LayerNorm', () => new LayerNorm([many])],
  ['PReLU', () => new PReLU({ numParameters: many })],
  ['LSTM', () => new LSTM(2 ** 20, 2 ** 20)],
  ['layers of an LSTM', () => new LSTM(1024, 1024, { numLayers: many })],
  ['MultiheadAttention', () => new MultiheadAttention(2 ** 24, 2)],
  ['TransformerEncoder', () => new TransformerEncoder(new TransformerEncoderLayer(64, 2), many)],
  ['a shape of a quantizer', () => new affine.QuantizeDequantize({ shape: [many], bitwidth: 8, symmetric: true })],
  ['a bitwidth', () => new affine.QuantizeDequantize({ shape: [], bitwidth: many, symmetric: true })],
  ['exponent bits', () => new float.FloatQuantizeDequantize({ exponentBits: many, mantissaBits: 3 })],
  ['a shape of statistics', () => new MinMaxEncodingAnalyzer([many]).updateStats(ones([2]))],
  ['bins of percentiles', () => new PercentileEncodingAnalyzer([], { numBins: many }).updateStats(ones([2]))],
  ['bins of sqnr', () => new SqnrEncodingAnalyzer([], { numBins: many }).updateStats(ones([2]))],
  ['bins of mse', () => new MseEncodingAnalyzer([], { numBins: many }).updateStats(ones([2]))],
  ['bins of entropy', () => new EntropyEncodingAnalyzer([], { numBins: many }).updateStats(ones([2]))],
];

it.each(absurd)('%s of an absurd size is refused at once, by a typed error', (_name, make) => {
  const start = performance.now();
  expect(reads(0, make)).toBe(false);
  // A busy machine takes a second for what is done before; what makes all of it takes hours, or has no memory left.
  expect(performance.now() - start).toBeLessThan(10_000);
});

it('a batch may be larger than its data', () => {
  const loader = new DataLoader(new TensorDataset(ones([3, 2])), { batchSize: many });
  const batches: unknown[] = [];
  expect(reads(0, () => batches.push(...loader))).toBe(true);
  expect(batches).toHaveLength(1);
});
