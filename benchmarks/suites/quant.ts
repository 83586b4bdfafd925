import { Linear, Parameter } from '@q/nn';
import {
  affine,
  integerLinear,
  MinMaxEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  QuantizedLinear,
  SqnrEncodingAnalyzer,
  type EncodingAnalyzer,
} from '@q/quant';
import { noGrad, randn, type Tensor } from '@q/tensor';
import { loadDigits } from '../../docs/examples/digits/dataset.js';
import { trainedNet } from '../../docs/examples/digits/model.js';
import { quantize } from '../../docs/examples/digits/quantize.js';
import type { Cases } from './suite.js';

function calibrated<Q extends affine.Quantize | affine.QuantizeDequantize>(quantizer: Q, x: Tensor): Q {
  quantizer.computeEncodings(() => {
    quantizer.forward(x);
  });
  return quantizer;
}

function quantizedLinear(x: Tensor): QuantizedLinear {
  const layer = new QuantizedLinear(768, 3072);
  const activation = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
  layer.inputQuantizers[0] = activation();
  layer.outputQuantizers[0] = activation();
  layer.paramQuantizers.weight = new affine.QuantizeDequantize({ shape: [3072, 1], bitwidth: 8, symmetric: true });
  layer.computeEncodings(() => noGrad(() => layer.forward(x)));
  return layer;
}

const analyzed = (analyzer: EncodingAnalyzer, x: Tensor) => () => {
  analyzer.resetStats();
  analyzer.updateStats(x);
  return analyzer.computeEncodings(255, false);
};

/** Only the search: for each of 1024 channels the best of 101 grids (symmetric) or 374, by a histogram of 2048 bins. */
function searched(weight: Tensor, isSymmetric: boolean): () => unknown {
  const analyzer = new SqnrEncodingAnalyzer([weight.shape[0]!, 1]);
  analyzer.updateStats(weight);
  return () => analyzer.computeEncodings(255, isSymmetric);
}

/** Quantizers, quantized layers, and the analyzers that find their ranges. */
export function quantCases(): Cases {
  const matrix = randn([1024, 1024]);
  const tokens = randn([32, 768]);
  const weight = randn([1024, 768]);
  const perTensor = { shape: [], bitwidth: 8, symmetric: false };
  const perChannel = { shape: [1024, 1], bitwidth: 8, symmetric: true };
  const perBlock = { shape: [1024, 16], bitwidth: 4, symmetric: true, blockSize: [1, 64] };
  const fake = calibrated(new affine.QuantizeDequantize(perTensor), matrix);
  const channels = calibrated(new affine.QuantizeDequantize(perChannel), matrix);
  const blocks = calibrated(new affine.QuantizeDequantize(perBlock), matrix);
  const integers = calibrated(new affine.Quantize(perTensor), matrix);
  const learned = new Parameter(randn([1024, 1024]));
  const simulated = quantizedLinear(tokens);
  const onIntegers = quantizedLinear(tokens);
  onIntegers.setKernel(integerLinear);
  const float = new Linear(768, 3072);
  const { calibration } = loadDigits();
  const batch = calibration.images.slice([0, 64]).clone();
  const digits = trainedNet();
  const quantized = quantize(trainedNet(), { weights: 8, activations: 8 }, batch);
  return {
    'QuantizeDequantize per tensor [1024, 1024]': () => noGrad(() => fake.forward(matrix)),
    'QuantizeDequantize per channel [1024, 1024]': () => noGrad(() => channels.forward(matrix)),
    'QuantizeDequantize in blocks of 64 [1024, 1024]': () => noGrad(() => blocks.forward(matrix)),
    'Quantize per tensor [1024, 1024]': () => noGrad(() => integers.forward(matrix)),
    'QuantizeDequantize forward and backward': () => {
      learned.grad = null;
      channels.forward(learned).sum().backward();
    },
    'Linear 768 to 3072, batch 32, float': () => noGrad(() => float.forward(tokens)),
    'the same, quantization simulated': () => noGrad(() => simulated.forward(tokens)),
    'the same, on integers': () => noGrad(() => onIntegers.forward(tokens)),
    'range by smallest and largest [1024, 1024]': analyzed(new MinMaxEncodingAnalyzer([]), matrix),
    'range by percentile [1024, 1024]': analyzed(new PercentileEncodingAnalyzer([], { percentile: 99.9 }), matrix),
    'range by SQNR [1024, 1024]': analyzed(new SqnrEncodingAnalyzer([]), matrix),
    'ranges of 1024 channels by percentile [1024, 768]': analyzed(
      new PercentileEncodingAnalyzer([1024, 1], { percentile: 99.9 }),
      weight,
    ),
    'ranges of 1024 channels by SQNR [1024, 768]': analyzed(new SqnrEncodingAnalyzer([1024, 1]), weight),
    'the search alone, symmetric': searched(weight, true),
    'the search alone, asymmetric': searched(weight, false),
    'digits CNN, batch 64, float': () => noGrad(() => digits.forward(batch)),
    'digits CNN, batch 64, W8A8 simulated': () => noGrad(() => quantized.forward(batch)),
  };
}
