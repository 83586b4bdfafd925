import { isTensor, optionsOf } from '../arguments.js';
import { dtypeOfNumber } from '../dtype.js';
import { ArgumentError, described } from '../errors.js';
import { Layout } from '../layout.js';
import type { RoundingMode } from '../ops/arithmetic.js';
import { Storage } from '../storage.js';
import type { Tensor } from '../tensor.js';

/** What an operation takes beside its tensor: another tensor, or a plain number that follows the tensor's dtype. */
export type TensorLike = Tensor | number | boolean;

/** Options of `add`, `sub` and `rsub`. */
export interface AlphaOptions {
  /** Factor of the second operand; default 1, an integer for integer tensors. */
  readonly alpha?: number;
}

/** The factor of the second operand. */
export const alphaOf = (operation: string, options?: AlphaOptions): number =>
  options === undefined ? 1 : (optionsOf(operation, options, ['alpha']).alpha ?? 1);

/** Options of `div`. */
export interface DivOptions {
  /** Absent: true division, integers become float32. `'floor'` and `'trunc'` round and keep integers. */
  readonly roundingMode?: RoundingMode | null;
}

/** Options of `addcmul` and `addcdiv`. */
export interface ValueOptions {
  /** Factor of the product or quotient; default 1. */
  readonly value?: number;
}

/** Bounds of `clamp`, at least one of them. */
export interface ClampOptions {
  /** Lower bound; null for none. */
  readonly min?: TensorLike | null;
  /** Upper bound; null for none. */
  readonly max?: TensorLike | null;
}

const scalar = new Layout([]);

/** `other` as a tensor. A number becomes a weak 0-d tensor, held as a double until the operation's dtype is known. */
export function operand(self: Tensor, other: TensorLike, operation: string): Tensor {
  if (typeof other === 'number' || typeof other === 'boolean') {
    const tensor = self.wrap({ storage: new Storage('float64', 1, Float64Array.of(Number(other))), layout: scalar });
    tensor.weak = dtypeOfNumber(other);
    return tensor;
  }
  if (!isTensor(other))
    throw new ArgumentError(
      `${operation}: wants a tensor or a number, got ${described(other)}. Make a tensor of it with tensor().`,
    );
  return other;
}

/** The bounds of a clamp as operands. Throws ArgumentError where there is none. */
export function clampBounds(
  self: Tensor,
  operation: string,
  min: TensorLike | null,
  max: TensorLike | null,
): { readonly min: Tensor | null; readonly max: Tensor | null } {
  if (min === null && max === null) throw new ArgumentError(`${operation}: wants a min or a max, got neither.`);
  const bound = (value: TensorLike | null): Tensor | null => (value === null ? null : operand(self, value, operation));
  return { min: bound(min), max: bound(max) };
}
