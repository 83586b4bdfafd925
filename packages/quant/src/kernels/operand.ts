import { shown, type Tensor } from '@q/tensor';
import type { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import type { KernelOperand } from '../modules/quantized-module.js';
import { QuantizedTensor } from '../tensor.js';

/** The integers of an operand and how they map to numbers: `(values - zeroPoint) * scale`. */
export interface IntegerOperand {
  readonly values: Tensor;
  readonly scale: Tensor;
  /** Minus the offset of the encoding, int32. */
  readonly zeroPoint: Tensor;
}

/** Reads a quantized operand. Throws QuantizationError for one that is not, naming the kernel and the operand. */
export function integerOperand(kernel: string, what: string, operand: KernelOperand | undefined): IntegerOperand {
  if (!(operand instanceof QuantizedTensor) || operand.encoding === null)
    throw new QuantizationError(
      `${kernel}: ${what} is not quantized. Set a quantizer there, or take the kernel away with setKernel(null).`,
    );
  const { scale, offset } = operand.encoding;
  return { values: operand.quantizedRepr(), scale: scale.detach(), zeroPoint: offset.detach().neg().to('int32') };
}

/** An operand with one scale for all of it. */
export function perTensor(kernel: string, what: string, operand: KernelOperand | undefined): IntegerOperand {
  const { values, scale, zeroPoint } = integerOperand(kernel, what, operand);
  if (scale.numel !== 1)
    throw new QuantizationError(
      `${kernel}: ${what} must be quantized per tensor, its scale has shape ${shown(scale.shape)}.`,
    );
  return { values, scale: scale.reshape([]), zeroPoint: zeroPoint.reshape([]) };
}

/** A weight with one scale for all of it, or one per entry of `dim` (which come as vectors). */
export function perChannel(kernel: string, operand: KernelOperand | undefined, dim = 0): IntegerOperand {
  const { values, scale, zeroPoint } = integerOperand(kernel, 'weight', operand);
  if (scale.numel === 1) return { values, scale: scale.reshape([]), zeroPoint: zeroPoint.reshape([]) };
  if (scale.ndim !== values.ndim || scale.shape.some((size, d) => size !== (d === dim ? values.shape[d] : 1)))
    throw new QuantizationError(
      `${kernel}: the weight must be quantized per tensor or per output channel, its scale has shape ${shown(scale.shape)}.`,
    );
  return { values, scale: scale.reshape([-1]), zeroPoint: zeroPoint.reshape([-1]) };
}

/** The result of a kernel: numbers put on the grid of the output. */
export const onGrid = (y: Tensor, encoding: AffineEncoding): QuantizedTensor =>
  new QuantizedTensor(encoding.quantize(y), encoding);
