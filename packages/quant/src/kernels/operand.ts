import { keep, shown, type Tensor } from '@q/tensor';
import type { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import type { KernelOperand } from '../modules/quantized-module.js';
import { QuantizedTensor } from '../tensor.js';
import { reachOf } from './bounds.js';
import { positions } from './table.js';

/** The integers of an operand and how they map to numbers: `(values - zeroPoint) * scale`. */
export interface IntegerOperand {
  readonly values: Tensor;
  readonly scale: Tensor;
  /** Minus the offset of the encoding, int32; 0 where all are. */
  readonly zeroPoint: Tensor | 0;
}

/** An operand with one scale for all of it: `(values - zero) * step`. */
export interface PerTensorOperand {
  readonly values: Tensor;
  readonly step: number;
  readonly zero: number;
  /** The largest distance of an integer of its grid from the zero. */
  readonly reach: number;
}

/** A quantized operand and its encoding. Throws QuantizationError for one that is not, naming the kernel and the operand. */
function quantizedOperand(kernel: string, what: string, operand: KernelOperand | undefined): [Tensor, AffineEncoding] {
  if (!(operand instanceof QuantizedTensor) || operand.encoding === null)
    throw new QuantizationError(
      `${kernel}: ${what} is not quantized. Set a quantizer there, or take the kernel away with setKernel(null).`,
    );
  return [operand.integers(), operand.encoding];
}

/** An operand with one scale for all of it. Throws QuantizationError for any other. */
export function perTensor(kernel: string, what: string, operand: KernelOperand | undefined): PerTensorOperand {
  const [values, { scale, offset, qmin, qmax }] = quantizedOperand(kernel, what, operand);
  if (scale.numel !== 1)
    throw new QuantizationError(
      `${kernel}: ${what} must be quantized per tensor, its scale has shape ${shown(scale.shape)}.`,
    );
  const zero = 0 - offset.item();
  return { values, step: scale.item(), zero, reach: reachOf(qmin, qmax, zero) };
}

/** The integers of weights, which stay the same from call to call. */
const weights = new WeakMap<QuantizedTensor, { readonly encoding: AffineEncoding; readonly operand: IntegerOperand }>();

/** A weight with one scale for all of it, or one per entry of dim 0 (which come as vectors). Throws QuantizationError for any other. */
export function perChannel(kernel: string, weight: KernelOperand | undefined): IntegerOperand {
  const known = weight instanceof QuantizedTensor ? weights.get(weight) : undefined;
  if (known && known.encoding === (weight as QuantizedTensor).encoding) return known.operand;
  const [values, encoding] = quantizedOperand(kernel, 'weight', weight);
  const scale = encoding.scale.detach();
  const fits =
    scale.numel === 1 ||
    (scale.ndim === values.ndim && scale.shape.every((size, d) => size === (d === 0 ? values.shape[0] : 1)));
  if (!fits)
    throw new QuantizationError(
      `${kernel}: the weight must be quantized per tensor or per output channel, its scale has shape ${shown(scale.shape)}.`,
    );
  const offset = encoding.offset.detach();
  const vector = (entries: Tensor): Tensor => keep(entries.reshape(entries.numel === 1 ? [] : [-1]));
  const centred = offset.numel === 0 || offset.ne(0).any().item() === 0;
  const zeroPoint = centred ? 0 : vector(offset.neg().to('int32'));
  const operand: IntegerOperand = { values, scale: vector(scale), zeroPoint };
  weights.set(weight as QuantizedTensor, { encoding, operand });
  return operand;
}

/** The result of a kernel: numbers put on the grid of the output. */
export const onGrid = (y: Tensor, encoding: AffineEncoding): QuantizedTensor =>
  new QuantizedTensor(encoding.scale.numel === 1 ? positions(y, encoding) : encoding.quantize(y), encoding);
