import { Module } from '@q/nn';
import { convInteger, described, matmulInteger, noGrad, type Tensor } from '@q/tensor';
import { checkOptionalTensor, checkOptions } from '@q/tensor/internal';
import { checkInstance } from '../arguments.js';
import { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import type { Kernel, KernelOperand } from '../modules/quantized-module.js';
import { onGrid, perChannel, perTensor, type IntegerOperand } from './operand.js';

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

/** Integers moved to their zero, in int32. */
const centred = ({ values, zeroPoint }: IntegerOperand): Tensor => values.to('int32').sub(zeroPoint);

const number = ({ values, zeroPoint, scale }: IntegerOperand): Tensor =>
  values.to('int32').sub(zeroPoint).to('float32').mul(scale);

/** Sums of products as numbers, per entry of `dim`, with the bias. */
function scaled(
  sums: Tensor,
  x: IntegerOperand,
  weight: IntegerOperand,
  bias: KernelOperand | undefined,
  trailing: number,
): Tensor {
  const channels = (values: Tensor): Tensor =>
    values.reshape([...values.shape, ...Array.from({ length: trailing }, () => 1)]);
  const scale = x.scale.mul(weight.scale);
  const y = sums.to('float32').mul(scale.ndim === 0 ? scale : channels(scale));
  if (!bias) return y;
  return y.add(channels('dequantize' in bias ? bias.dequantize().detach() : bias.detach()));
}

/**
 * Kernel of `QuantizedLinear`: integers are multiplied and summed in int32, `y = (xq - xz) @ (wq - wz).T * (xs * ws) + bias`.
 * Wants the input quantized per tensor, the weight per tensor or per output channel.
 */
export const integerLinear: Kernel = kernel('integerLinear', ([input], { weight, bias }, { outputEncoding }) => {
  const x = perTensor('integerLinear', 'the input', input);
  const w = perChannel('integerLinear', weight);
  const rows = x.values.ndim === 1 ? x.values.unsqueeze(0) : x.values;
  const sums = matmulInteger(rows, w.values.permute([1, 0]), { aZeroPoint: x.zeroPoint, bZeroPoint: w.zeroPoint });
  return onGrid(scaled(x.values.ndim === 1 ? sums.squeeze(0) : sums, x, w, bias, 0), outputEncoding);
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
  const { stride, padding, dilation, groups } = module;
  const sums = convInteger(x.values, w.values, {
    stride,
    padding,
    dilation,
    groups,
    xZeroPoint: x.zeroPoint,
    wZeroPoint: w.zeroPoint,
  });
  return onGrid(scaled(sums, x, w, bias, w.values.ndim - 2), outputEncoding);
});

/** Kernel of `QuantizedMatMul`: both inputs quantized per tensor. */
export const integerMatMul: Kernel = kernel('integerMatMul', ([left, right], _params, { outputEncoding }) => {
  const a = perTensor('integerMatMul', 'the first input', left);
  const b = perTensor('integerMatMul', 'the second input', right);
  const sums = matmulInteger(a.values, b.values, { aZeroPoint: a.zeroPoint, bZeroPoint: b.zeroPoint });
  return onGrid(sums.to('float32').mul(a.scale.mul(b.scale)), outputEncoding);
});

/** Kernel of `QuantizedMultiply`: the product of the integers times the product of the scales. */
export const integerMultiply: Kernel = kernel('integerMultiply', ([left, right], _params, { outputEncoding }) => {
  const a = perTensor('integerMultiply', 'the first input', left);
  const b = perTensor('integerMultiply', 'the second input', right);
  return onGrid(centred(a).mul(centred(b)).to('float32').mul(a.scale.mul(b.scale)), outputEncoding);
});

/** Kernel of `QuantizedAdd`: each input has a scale of its own, so the sum is taken of the numbers. */
export const integerAdd: Kernel = kernel('integerAdd', ([left, right], _params, { outputEncoding }) => {
  const [a, b] = [perTensor('integerAdd', 'the first input', left), perTensor('integerAdd', 'the second input', right)];
  return onGrid(number(a).add(number(b)), outputEncoding);
});
