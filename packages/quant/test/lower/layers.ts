import * as nn from '@q/nn';
import { noGrad, Tensor } from '@q/tensor';
import {
  affine,
  type AffineEncoding,
  computeEncodings,
  DequantizedTensor,
  isQuantized,
  lowerToInteger,
  QuantizationMixin,
  toQuantized,
  type Lowered,
  type QuantizedModule,
} from '../../src/index.js';

/** A quantizer of activations. */
export const activation = (bitwidth = 8, symmetric = false) =>
  new affine.QuantizeDequantize({ shape: [], bitwidth, symmetric });

/** A quantizer of weights. */
export const weights = (bitwidth = 8, shape: number[] = []) =>
  new affine.QuantizeDequantize({ shape, bitwidth, symmetric: true });

/** The quantizers of a layer that was quantized in place. */
export function slots(module: nn.Module): nn.Module & QuantizedModule {
  if (!isQuantized(module)) throw new Error(`${module} is not quantized.`);
  return module;
}

/** The step of the result of a quantized layer. */
export const stepOf = (module: nn.Module): number =>
  (slots(module).outputQuantizers[0]!.getEncoding() as AffineEncoding).scale.item();

/** The model, calibrated by one call. */
export function calibrated<M extends nn.Module>(model: M, ...inputs: readonly unknown[]): M {
  noGrad(() => computeEncodings(model, () => model.forward(...inputs)));
  return model;
}

interface Setting {
  /** Shape of the weight's quantizer. */
  readonly weight?: number[];
  readonly weightBits?: number;
  readonly weightSymmetric?: boolean;
  readonly bits?: number;
  readonly outputBits?: number;
  readonly symmetric?: boolean;
}

/** A calibrated layer with quantizers at its inputs, its output and its weight. */
export function simulated(float: nn.Module, inputs: readonly unknown[], setting: Setting = {}) {
  const { weight, weightBits = 8, weightSymmetric = true, bits = 8, outputBits = bits, symmetric = false } = setting;
  const layer = QuantizationMixin.fromModule(float);
  layer.inputQuantizers = layer.inputQuantizers.map(() => activation(bits, symmetric));
  layer.outputQuantizers = [activation(outputBits, symmetric)];
  if (weight !== undefined)
    layer.paramQuantizers.weight = new affine.QuantizeDequantize({
      shape: weight,
      bitwidth: weightBits,
      symmetric: weightSymmetric,
    });
  return calibrated(layer, ...inputs);
}

/** The grid positions of a result. */
export function positions(y: unknown): Tensor<'int32'> {
  if (!(y instanceof DequantizedTensor)) throw new Error('The result is on no grid.');
  return y.quantizedRepr().to('int32');
}

/** Compares a lowered layer with its simulation: the most steps apart, and the share of positions that differ at all. */
export function distance(layer: nn.Module, lowered: Lowered<nn.Module>, inputs: readonly unknown[]) {
  const [wanted, got] = noGrad(() => [
    positions(layer.forward(...inputs)),
    positions(lowered.model.forward(...inputs)),
  ]);
  expect(got.shape).toEqual(wanted.shape);
  const steps = got.sub(wanted).abs();
  return { most: steps.max().item(), share: steps.ne(0).to('float32').mean().item() };
}

/** A layer lowered and compared with its simulation. */
export function compared(layer: nn.Module & QuantizedModule, ...inputs: readonly unknown[]) {
  const lowered = lowerToInteger(layer, inputs);
  return { route: lowered.report.layers[0]!.route, lowered, ...distance(layer, lowered, inputs) };
}

/** The largest difference of each result of two models. */
export function apart(a: nn.Module, b: nn.Module, ...inputs: readonly unknown[]): number[] {
  const run = (model: nn.Module): Tensor[] =>
    [noGrad(() => model.forward(...inputs))].flat().filter((y) => y instanceof Tensor);
  const others = run(b);
  return run(a).map((y, i) => y.sub(others[i]!).abs().max().item());
}

/** Two linear layers; the activation between them may be taken along by the accumulators. */
export class Mlp extends nn.Module {
  first = new nn.Linear(16, 32);
  relu = new nn.ReLU6();
  second = new nn.Linear(32, 8);
  forward(x: Tensor): Tensor {
    return this.second.forward(this.relu.forward(this.first.forward(x)));
  }
}

/** The model with quantizers that let all of it be integers, calibrated. */
export function calibratedMlp(x: Tensor): Mlp {
  const model = toQuantized(new Mlp());
  slots(model.first).inputQuantizers = [activation()];
  for (const layer of [model.relu, model.second]) slots(layer).outputQuantizers = [activation()];
  for (const layer of [model.first, model.second]) slots(layer).paramQuantizers.weight = weights();
  return calibrated(model, x);
}
