import { Module } from '@q/nn';
import {
  binaryScaled,
  convInteger,
  dequantizeLinear,
  described,
  linearInteger,
  matmulInteger,
  noGrad,
  type ScaledBinaryName,
  type ScaledIntegers,
  type Tensor,
} from '@q/tensor';
import { checkOptionalTensor, checkOptions } from '@q/tensor/internal';
import { checkInstance } from '../arguments.js';
import { elementsOf } from '../elements.js';
import { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import type { Kernel, KernelOperand } from '../modules/quantized-module.js';
import { QuantizedTensor } from '../tensor.js';
import { largestSum, LARGEST_ACCUMULATOR, overflow } from './bounds.js';
import { onGrid, perChannel, perTensor, type IntegerOperand, type PerTensorOperand } from './operand.js';
import { isByte } from './wide.js';

/** A kernel that computes outside the graph, once it was called as one. */
const kernel =
  (name: string, compute: Kernel): Kernel =>
  (inputs, params, context) => {
    if (!Array.isArray(inputs))
      throw new QuantizationError(`${name}: wants its inputs as an array, got ${described(inputs)}.`);
    checkOptions(name, params);
    for (const [key, param] of Object.entries(params)) checkOptionalTensor(name, `parameter '${key}'`, param);
    checkOptions(name, context);
    checkInstance(name, 'outputEncoding', context.outputEncoding, AffineEncoding);
    return noGrad(() => compute(inputs, params, context));
  };

/** Sums of products as numbers, per output channel, with the bias. `trailing` dims follow the channels. */
function numbersOf(
  sums: Tensor,
  x: PerTensorOperand,
  weight: IntegerOperand,
  bias: KernelOperand | undefined,
  trailing: number,
): Tensor {
  const channels = (values: Tensor): Tensor =>
    values.ndim === 0 ? values : values.reshape([...values.shape, ...Array.from({ length: trailing }, () => 1)]);
  const y = dequantizeLinear(sums, channels(weight.scale.mul(x.step)), 0);
  sums.storage.free();
  if (!bias) return y;
  return y.add(channels('dequantize' in bias ? bias.dequantize().detach() : bias.detach()));
}

/** The bounds of weights, which stay the same from call to call. */
const bounds = new WeakMap<KernelOperand, number>();

/** Throws where products of a weight with an input could leave 32 bits. */
function checkSums(kernel: string, x: PerTensorOperand, operand: KernelOperand, weight: IntegerOperand): void {
  let sum = bounds.get(operand);
  if (sum === undefined) {
    sum = largestSum(weight.values, weight.zeroPoint === 0 ? null : elementsOf(weight.zeroPoint)[0]);
    bounds.set(operand, sum);
  }
  const why = overflow(sum, x.reach);
  if (why !== null) throw new QuantizationError(`${kernel}: ${why}.`);
}

/**
 * Kernel of `QuantizedLinear`: integers are multiplied and summed in int32, `y = (xq - xz) @ (wq - wz).T * (xs * ws) + bias`.
 * Wants the input quantized per tensor, the weight per tensor or per output channel. Throws QuantizationError where sums could
 * leave 32 bits.
 */
export const integerLinear: Kernel = kernel('integerLinear', ([input], { weight, bias }, { outputEncoding }) => {
  const x = perTensor('integerLinear', 'the input', input);
  const w = perChannel('integerLinear', weight);
  checkSums('integerLinear', x, weight!, w);
  const rows = x.values.ndim === 1 ? x.values.unsqueeze(0) : x.values;
  const products = isByte(w.values)
    ? linearInteger(rows, w.values, { xZeroPoint: x.zero, wZeroPoint: w.zeroPoint })
    : matmulInteger(rows, w.values.permute([1, 0]), { aZeroPoint: x.zero, bZeroPoint: w.zeroPoint });
  const y = numbersOf(products, x, w, bias, 0);
  return onGrid(x.values.ndim === 1 ? y.squeeze(0) : y, outputEncoding);
});

/** Settings that the integer convolution reads from its module. */
interface Convolution {
  readonly stride: number[];
  readonly padding: number[] | 'same' | 'valid';
  readonly dilation: number[];
  readonly groups: number;
  readonly paddingMode: string;
}

const isConvolution = (module: unknown): module is Convolution & Module =>
  module instanceof Module && 'stride' in module && 'dilation' in module && 'paddingMode' in module;

/** Kernel of `QuantizedConv1d`, `QuantizedConv2d` and `QuantizedConv3d`, as `integerLinear`. Padding has the value zero. */
export const integerConv: Kernel = kernel('integerConv', ([input], { weight, bias }, { module, outputEncoding }) => {
  if (!isConvolution(module))
    throw new QuantizationError(`integerConv: wants a convolution, got ${described(module)}.`);
  if (module.paddingMode !== 'zeros')
    throw new QuantizationError(
      `integerConv: pads with zeros only, not '${module.paddingMode}'. Pad before, or use no kernel.`,
    );
  const x = perTensor('integerConv', 'the input', input);
  const w = perChannel('integerConv', weight);
  checkSums('integerConv', x, weight!, w);
  const { stride, padding, dilation, groups } = module;
  const products = convInteger(x.values, w.values, {
    stride,
    padding,
    dilation,
    groups,
    xZeroPoint: x.zero,
    wZeroPoint: w.zeroPoint,
  });
  return onGrid(numbersOf(products, x, w, bias, w.values.ndim - 2), outputEncoding);
});

/** Kernel of `QuantizedMatMul`: both inputs quantized per tensor. Throws QuantizationError where sums could leave 32 bits. */
export const integerMatMul: Kernel = kernel('integerMatMul', ([left, right], _params, { outputEncoding }) => {
  const a = perTensor('integerMatMul', 'the first input', left);
  const b = perTensor('integerMatMul', 'the second input', right);
  const k = a.values.shape.at(-1) ?? 1;
  if (k * a.reach * b.reach > LARGEST_ACCUMULATOR)
    throw new QuantizationError(
      `integerMatMul: ${k} products of up to ${a.reach * b.reach} do not fit accumulators of 32 bits. Use fewer bits.`,
    );
  const products = matmulInteger(a.values, b.values, { aZeroPoint: a.zero, bZeroPoint: b.zero });
  return onGrid(dequantizeLinear(products, Math.fround(a.step * b.step), 0), outputEncoding);
});

/** An operand as kernels that compute with its numbers take it. */
const scaled = ({ values, step, zero }: PerTensorOperand): ScaledIntegers => ({ values, scale: step, offset: -zero });

/** Kernel of two operands, each with a scale of its own: their numbers are computed with as the simulation does. */
const pairwise = (name: string, operation: ScaledBinaryName): Kernel =>
  kernel(name, ([left, right], _params, { outputEncoding }) => {
    const a = perTensor(name, 'the first input', left);
    const b = perTensor(name, 'the second input', right);
    const { scale, offset, qmin, qmax, dtype } = gridOf(name, outputEncoding);
    const grid = { scale: scale.item(), offset: offset.item(), qmin, qmax, dtype };
    return new QuantizedTensor(binaryScaled(operation, scaled(a), scaled(b), grid), outputEncoding);
  });

/** The encoding of a result, which must have one scale. */
function gridOf(name: string, encoding: AffineEncoding): AffineEncoding {
  if (encoding.scale.numel === 1) return encoding;
  throw new QuantizationError(`${name}: the output must be quantized per tensor.`);
}

/** Kernel of `QuantizedMultiply`. */
export const integerMultiply: Kernel = pairwise('integerMultiply', 'mul');

/** Kernel of `QuantizedAdd`. */
export const integerAdd: Kernel = pairwise('integerAdd', 'add');

/** The kernels of this library: integer layers compute the same. */
export const ownKernels: ReadonlySet<Kernel> = new Set([
  integerLinear,
  integerConv,
  integerMatMul,
  integerMultiply,
  integerAdd,
]);
