/** What must compile, and what must not. The type checker runs this file, nothing else does. */
import { type Linear, Module } from '@q/nn';
import {
  affine,
  computeEncodings,
  FakeQuantizationMixin,
  float,
  integerLinear,
  MinMaxEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  QuantizationMixin,
  QuantizedLinear,
  type DequantizedTensor,
  type EncodingAnalyzer,
  type Kernel,
  type LegacyEncoding,
  type QuantizedModule,
  type QuantizedTensor,
} from '@q/quant';
import type { Tensor } from '@q/tensor';

class MaskedAdd extends Module {
  forward(x: Tensor, mask: Tensor, v: Tensor): Tensor {
    return x.add(mask.mul(v));
  }
}

export class QuantizedMaskedAdd extends QuantizationMixin(MaskedAdd, { inputs: 3 }) {}

export function quantizersTakeNamedOptions(): void {
  new affine.Quantize({ shape: [4, 1], bitwidth: 8, symmetric: true, blockSize: [1, -1] });
  new affine.QuantizeDequantize({ shape: [], qmin: -7, qmax: 7, symmetric: true });
  new float.FloatQuantizeDequantize({ exponentBits: 4, mantissaBits: 3 });
  new PercentileEncodingAnalyzer([4, 1], { percentile: 99.9 });
  // @ts-expect-error Whether the range is symmetric must be said.
  new affine.Quantize({ shape: [], bitwidth: 8 });
  // @ts-expect-error The shape must be said.
  new affine.Quantize({ bitwidth: 8, symmetric: true });
  // @ts-expect-error The name is bitwidth.
  new affine.Quantize({ shape: [], bits: 8, symmetric: true });
  // @ts-expect-error LPBQ has no explicit grid.
  new affine.GroupedBlockQuantizeDequantize({ shape: [1], qmin: 0, qmax: 3, symmetric: true, decompressedBw: 8 });
  // @ts-expect-error A grid must be given.
  new affine.QuantizeDequantize({ shape: [], symmetric: true });
  // @ts-expect-error One end is no grid.
  new affine.QuantizeDequantize({ shape: [], qmin: -7, symmetric: true });
  // @ts-expect-error Two ways to say the grid contradict each other.
  new affine.QuantizeDequantize({ shape: [], bitwidth: 8, qmin: -7, qmax: 7, symmetric: true });
  // @ts-expect-error LPBQ needs blocks.
  new affine.GroupedBlockQuantizeDequantize({ shape: [1], bitwidth: 4, symmetric: true, decompressedBw: 8 });
  // @ts-expect-error Half of a format is none.
  new float.FloatQuantizeDequantize({ exponentBits: 4 });
  // @ts-expect-error A format is said in one way.
  new float.FloatQuantizeDequantize({ dtype: 'float16', exponentBits: 5, mantissaBits: 10 });
  // @ts-expect-error There is no such format.
  new float.FloatQuantizeDequantize({ dtype: 'float8' });
  // @ts-expect-error Min-max has no percentile.
  new MinMaxEncodingAnalyzer([], { percentile: 99 });
}

export function gridsAreGivenInOneWay(x: Tensor): void {
  new affine.AffineEncoding(x, x, { bitwidth: 8, signed: true, symmetry: true });
  new affine.AffineEncoding(x, x, { qmin: 0, qmax: 3, blockSize: null });
  affine.quantize(x, x, x, { numSteps: 14 });
  affine.dequantize(x, x, x, { blockSize: [1] });
  affine.dequantize(x, x, x);
  // @ts-expect-error An encoding has a grid.
  new affine.AffineEncoding(x, x, { symmetry: true });
  // @ts-expect-error Two ways to say the grid contradict each other.
  new affine.AffineEncoding(x, x, { bitwidth: 8, numSteps: 14 });
  // @ts-expect-error The ends of a grid say whether it is signed.
  affine.quantize(x, x, x, { qmin: 0, qmax: 3, signed: false });
  // @ts-expect-error One end is no grid.
  affine.quantizeDequantize(x, x, x, { qmax: 3 });
}

export function quantizersShareWhatAllHave({ paramQuantizers, outputQuantizers }: QuantizedLinear): void {
  for (const quantizer of [...outputQuantizers, ...Object.values(paramQuantizers)]) {
    if (quantizer === null) continue;
    const bits: number = quantizer.bitwidth;
    const parameters: (Tensor | null)[] = [
      quantizer.getMin(),
      quantizer.getMax(),
      quantizer.getScale(),
      quantizer.getOffset(),
    ];
    const encoding = quantizer.getEncoding();
    const range: readonly [Tensor, Tensor, boolean, string] | undefined = encoding
      ? [encoding.min, encoding.max, encoding.signed, encoding.dtype]
      : undefined;
    void [bits, parameters, range];
  }
}

export function whatIsExportedCanBeImported(layer: QuantizedLinear): void {
  layer.importInputEncodings(layer.exportInputEncodings());
  layer.importOutputEncodings(layer.exportOutputEncodings());
  layer.importParamEncodings(layer.exportParamEncodings());
  layer.importParamEncodings({ weight: layer.exportParamEncodings()['weight']!, bias: null });
  // @ts-expect-error Numbers are no encodings.
  layer.importParamEncodings({ weight: 3 });
}

export function originalsHaveTheirClass(layer: QuantizedLinear, module: MaskedAdd): void {
  const float: Linear = layer.getOriginalModule();
  const own: MaskedAdd = QuantizationMixin.fromModule(module).getOriginalModule();
  const made: MaskedAdd = new QuantizedMaskedAdd().getOriginalModule();
  const fake: MaskedAdd = FakeQuantizationMixin.fromModule(module).getOriginalModule();
  const any: Module & QuantizedModule = layer;
  void [float, own, made, fake, any.getOriginalModule().training];
  // @ts-expect-error The original takes no kernels.
  float.setKernel(null);
}

export function quantizersGiveTensorsWithEncodings(x: Tensor, quantizer: affine.QuantizeDequantize): void {
  const quantized: QuantizedTensor = new affine.Quantize({ shape: [], bitwidth: 8, symmetric: true }).quantize(x);
  const dequantized: DequantizedTensor = quantizer.quantize(x);
  const plain: Tensor = dequantized;
  const scale: Tensor | null = quantizer.getScale();
  const legacy: LegacyEncoding[] | null = quantizer.getLegacyEncodings();
  void [quantized, plain, scale, legacy];
  // @ts-expect-error There is no scale before calibration.
  void quantizer.getScale().shape;
  // @ts-expect-error A dequantized tensor is not a quantized one.
  const wrong: QuantizedTensor = dequantized;
  // @ts-expect-error A plain tensor has no encoding.
  const bare: DequantizedTensor = x;
  // @ts-expect-error Ranges are numbers or tensors.
  quantizer.setRange('-1', '1');
  void [wrong, bare];
}

export async function modulesKeepTheirTypes(
  x: Tensor,
  layer: QuantizedLinear,
  stream: AsyncIterable<Tensor>,
): Promise<void> {
  const plain: Linear = layer;
  layer.outputQuantizers[0] = new affine.Quantize({ shape: [], bitwidth: 8, symmetric: true });
  layer.paramQuantizers['weight'] = null;
  layer.setKernel(integerLinear);
  QuantizedLinear.setDefaultKernel(null);
  const y: Tensor = new QuantizedMaskedAdd().forward(x, x, x);
  const made: MaskedAdd = QuantizationMixin.fromModule(new MaskedAdd());
  const sum: Tensor = layer.computeEncodings(() => layer.forward(x));
  const count: number = await computeEncodings(layer, async () => {
    let batches = 0;
    for await (const batch of stream) {
      layer.forward(batch);
      batches++;
    }
    return batches;
  });
  void [plain, y, made, sum, count];
  // @ts-expect-error A quantized layer takes what the layer takes.
  new QuantizedLinear(4);
  // @ts-expect-error And its forward too.
  new QuantizedMaskedAdd().forward(x);
  // @ts-expect-error Analyzers are no quantizers.
  layer.outputQuantizers[0] = new MinMaxEncodingAnalyzer([]);
  // @ts-expect-error A kernel returns a quantized tensor.
  layer.setKernel(() => x);
  // @ts-expect-error Only modules can be quantized.
  QuantizationMixin(Map);
}

export function analyzersShareAnInterface(analyzer: EncodingAnalyzer, kernel: Kernel): void {
  const { min, max } = analyzer.computeEncodings(255, true);
  const read: EncodingAnalyzer = MinMaxEncodingAnalyzer.fromJSON(JSON.parse(JSON.stringify(analyzer)));
  analyzer.mergeStats(read);
  void [min, max, kernel];
  // @ts-expect-error Symmetric or not must be said.
  analyzer.computeEncodings(255);
  // @ts-expect-error JSON is read before it is passed.
  const number: number = analyzer.toJSON();
  void number;
}
