import { computeDType, isFloat } from '../dtype.js';
import { DTypeError } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { BinaryName, CompareName, TestName } from '../kernels/contract/elementwise.js';
import { sameShape } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { binary, cast, shapeOfBoth, meet, operand } from './elementwise.js';
import { op, type Pair, type Single } from './op.js';

/** A comparison of the values in the dtype they promote to; a plain number is first converted to it. */
const comparison = (name: CompareName) =>
  op<Pair, void, View<'bool'>>({
    name,
    forward: ([a, b]) => {
      const dtype = meet(a, b);
      const shape = shapeOfBoth(name, a, b);
      const out = empty(shape, 'bool');
      kernels.compare(name, operand(a, dtype, shape, name), operand(b, dtype, shape, name), out);
      return out;
    },
    backward: null,
  });

export const eq = comparison('eq');
export const ne = comparison('ne');
export const lt = comparison('lt');
export const le = comparison('le');
export const gt = comparison('gt');
export const ge = comparison('ge');
export const logicalAnd = comparison('logicalAnd');
export const logicalOr = comparison('logicalOr');
export const logicalXor = comparison('logicalXor');

/** A question about each element. */
const test = (name: TestName) =>
  op<Single, void, View<'bool'>>({
    name,
    forward: ([x]) => {
      const out = empty(x.shape, 'bool');
      kernels.test(name, cast(x, computeDType(x.dtype)), out);
      return out;
    },
    backward: null,
  });

export const isnan = test('isnan');
export const isinf = test('isinf');
export const isfinite = test('isfinite');
export const isposinf = test('isposinf');
export const isneginf = test('isneginf');
export const signbit = test('signbit');
export const logicalNot = test('logicalNot');

/** An operation on bits, for integers; for bools too unless it shifts. */
const bitwise = (name: BinaryName, operation: string, shifts: boolean) =>
  op<Pair>({
    name: operation,
    forward: ([a, b]) => {
      const dtype = meet(a, b);
      if (isFloat(dtype) || (shifts && dtype === 'bool'))
        throw new DTypeError(
          `${operation}: wants integers${shifts ? '' : ' or bools'}, got ${a.weak ?? a.dtype} and ${b.weak ?? b.dtype}.`,
        );
      return binary(name, a, b, dtype, undefined, operation);
    },
    backward: null,
  });

export const bitwiseAnd = bitwise('bitwiseAnd', 'bitwiseAnd', false);
export const bitwiseOr = bitwise('bitwiseOr', 'bitwiseOr', false);
export const bitwiseXor = bitwise('bitwiseXor', 'bitwiseXor', false);
export const bitwiseLeftShift = bitwise('leftShift', 'bitwiseLeftShift', true);
export const bitwiseRightShift = bitwise('rightShift', 'bitwiseRightShift', true);

/** How near two numbers must be: |a - b| <= atol + rtol * |b|. */
export interface Closeness {
  readonly rtol: number;
  readonly atol: number;
  readonly equalNan: boolean;
}

function checkSameDType(operation: string, a: Tensor, b: Tensor): void {
  if (a.weak === null && b.weak === null && a.dtype !== b.dtype)
    throw new DTypeError(
      `${operation}: wants tensors of one dtype, got ${a.dtype} and ${b.dtype}. Cast one with to().`,
    );
}

/** 1 where two elements are equal or near; infinities are near only to themselves. */
export const isclose = op<Pair, Closeness, View<'bool'>>({
  name: 'isclose',
  forward: ([a, b], { rtol, atol, equalNan }) => {
    checkSameDType('isclose', a, b);
    const dtype = meet(a, b);
    const same = equalNan ? a.eq(b).logicalOr(a.isnan().logicalAnd(b.isnan())) : a.eq(b);
    if (!isFloat(dtype) && rtol === 0 && atol === 0) return same;
    // A plain number takes part in the dtype of the other, the tolerance that is made of it, too.
    const wide = isFloat(dtype) ? dtype : 'float64';
    const [x, y] = [a, b].map((one) => one.wrap(operand(one, wide, one.shape, 'isclose'))) as [Tensor, Tensor];
    const distance = x.sub(y).abs();
    return same.logicalOr(distance.isfinite().logicalAnd(distance.le(y.mul(rtol).abs().add(atol))));
  },
  backward: null,
});

/** Whether every element of a bool view is true. */
export function every(x: View<'bool'>): boolean {
  if (x.layout.numel === 0) return true;
  const out = empty([], 'bool');
  kernels.reduce('amin', x, out);
  return out.storage.array[out.storage.base] !== 0;
}

/** Whether two tensors have the same shape and equal elements. */
export function equal(a: Tensor, b: Tensor): boolean {
  checkSameDType('equal', a, b);
  return sameShape(a.shape, b.shape) && every(a.eq(b));
}
