import { computeDType, dtypes, isFloat, promoted, type DType } from '../dtype.js';
import { DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import { commonShape, sameShape } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { binary, copied, deliver, destination, meet, operand, parametric } from './elementwise.js';
import { op, type Pair, type Single, type Triple } from './op.js';

/** `condition ? a : b`, broadcast and promoted. */
export const where = op<Triple>({
  name: 'where',
  forward: ([condition, a, b]) => {
    if (condition.dtype !== 'bool' && condition.dtype !== 'uint8')
      throw new DTypeError(
        `where: the condition must be bool, got ${condition.dtype}. Compare it, for instance with ne(0).`,
      );
    const dtype = meet(a, b);
    const shape = commonShape('where', condition.shape, a.shape, b.shape);
    const [mask, yes, no] = [
      operand(condition, 'bool', shape, 'where'),
      operand(a, dtype, shape, 'where'),
      operand(b, dtype, shape, 'where'),
    ];
    const out = empty(shape, dtype);
    kernels.where(mask, yes, no, out);
    return out;
  },
  // By selection: multiplying with the condition would make NaN of an infinite gradient that is not wanted.
  backward: (grad, [condition, a, b]) => [
    null,
    a.requiresGrad ? grad.where(condition, 0).sumTo(a.shape) : null,
    b.requiresGrad ? grad.maskedFill(condition.to('bool'), 0).sumTo(b.shape) : null,
  ],
  saves: [0],
});

/** Throws where an integer dtype cannot hold a number. */
function checkHolds(operation: string, value: number, dtype: DType): void {
  const { kind, min, max } = dtypes[dtype];
  if (kind === 'int' && !(Number.isInteger(value) && value >= min && value <= max))
    throw new DTypeError(
      `${operation}: ${value} is not a value of ${dtype} (${min} to ${max}). Cast the tensor with to() first.`,
    );
}

/** `mask ? value : x` in the dtype of `x`, into new memory or in place. */
export function maskedFillInto([x, mask, value]: Triple, out?: Tensor): View {
  if (mask.dtype !== 'bool') throw new DTypeError(`maskedFill: the mask must be bool, got ${mask.dtype}.`);
  if (value.numel !== 1 || value.ndim !== 0)
    throw new ShapeError(
      `maskedFill: the value must be a number or a 0-d tensor, got shape ${shown(value.shape)}. Use where().`,
    );
  if (value.weak !== null) checkHolds('maskedFill', value.storage.array[0]!, x.dtype);
  const shape = commonShape('maskedFill', x.shape, mask.shape);
  const dtype = computeDType(x.dtype);
  const [keep, fill, choice] = [
    operand(x, dtype, shape, 'maskedFill'),
    operand(value, dtype, shape, 'maskedFill'),
    operand(mask, 'bool', shape, 'maskedFill'),
  ];
  const to = destination('maskedFill', shape, dtype, [mask, value], out);
  kernels.where(choice, fill, keep, to);
  return deliver(to, out);
}

export const maskedFill = op<Triple>({
  name: 'maskedFill',
  forward: (inputs) => maskedFillInto(inputs),
  backward: (grad, [x, mask, value]) => [
    x.requiresGrad ? grad.maskedFill(mask, 0).sumTo(x.shape) : null,
    null,
    value.requiresGrad ? grad.where(mask, 0).sumTo(value.shape) : null,
  ],
  saves: [1],
});

/** Bounds of `clamp`: numbers as operands, null where there is none. */
export interface ClampBounds {
  readonly min: Tensor | null;
  readonly max: Tensor | null;
}

/** min(max(x, min), max) with plain numbers, into new memory or in place. */
export function clampInto(x: Tensor, { min, max }: ClampBounds, out?: Tensor): View {
  const bounds = [min, max].filter((bound) => bound !== null);
  const dtype = computeDType(promoted([x, ...bounds]));
  const [low, high] = [min?.storage.array[0] ?? -Infinity, max?.storage.array[0] ?? Infinity];
  if (min) checkHolds('clamp', low, dtype);
  if (max) checkHolds('clamp', high, dtype);
  if (!Number.isNaN(low) && !Number.isNaN(high)) return parametric('clamp', x, [low, high], dtype, out);
  const to = destination('clamp', x.shape, dtype, [x], out);
  kernels.fill(NaN, to);
  return deliver(to, out);
}

/** Between plain numbers; the gradient passes at the bounds. */
export const clamp = op<Single, ClampBounds>({
  name: 'clamp',
  forward: ([x], bounds) => clampInto(x, bounds),
  backward: (grad, [x], _y, { min, max }) => {
    const above = min ? x.ge(min) : null;
    const below = max ? x.le(max) : null;
    const inside = above && below ? above.logicalAnd(below) : (above ?? below)!;
    return [grad.where(inside, 0)];
  },
  saves: 'inputs',
});

/** At least (or at most) another tensor; the gradient goes to `x` where they are equal. */
const bounded = (name: 'clampMin' | 'clampMax', kernel: 'maximum' | 'minimum') =>
  op<Pair>({
    name,
    forward: ([x, bound]) => binary(kernel, x, bound, meet(x, bound), undefined, name),
    backward: (grad, [x, bound]) => {
      const within = name === 'clampMin' ? x.ge(bound) : x.le(bound);
      const beyond = name === 'clampMin' ? x.lt(bound) : x.gt(bound);
      return [
        x.requiresGrad ? grad.where(within, 0).sumTo(x.shape) : null,
        bound.requiresGrad ? grad.where(beyond, 0).sumTo(bound.shape) : null,
      ];
    },
    saves: 'inputs',
  });

export const clampMin = bounded('clampMin', 'maximum');
export const clampMax = bounded('clampMax', 'minimum');

/** What stands for NaN, infinity and minus infinity; null for the largest finite values of the dtype. */
export interface Replacements {
  readonly nan: number;
  readonly posinf: number | null;
  readonly neginf: number | null;
}

/** Finite numbers in place of NaN and the infinities. */
export const nanToNum = op<Single, Replacements>({
  name: 'nanToNum',
  forward: ([x], { nan, posinf, neginf }) => {
    if (!isFloat(x.dtype)) return copied(x);
    const dtype = computeDType(x.dtype);
    return parametric('nanToNum', x, [nan, posinf ?? dtypes[dtype].max, neginf ?? dtypes[dtype].min], dtype);
  },
  backward: (grad, [x]) => [grad.where(x.isfinite(), 0)],
  saves: 'inputs',
});

/** Throws unless `source` can be copied into `target`, broadcast. */
export function copyInto(target: Tensor, source: Tensor): void {
  const shape = commonShape('copy', source.shape, target.shape);
  if (!sameShape(shape, target.shape))
    throw new ShapeError(`copy_: a tensor of shape ${shown(source.shape)} does not fit into ${shown(target.shape)}.`);
  const view = operand(source, source.dtype, shape, 'copy');
  target.beginWrite('copy_');
  const overlaps = source.storage === target.storage && source.layout !== target.layout;
  if (!overlaps) return kernels.copy(view, target);
  const apart = empty(shape, source.dtype);
  kernels.copy(view, apart);
  kernels.copy(apart, target);
}
