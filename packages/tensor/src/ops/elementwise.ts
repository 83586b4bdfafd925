import { checkNumber } from '../arguments.js';
import { canCast, computeDType, floatDType, isFloat, newArray, promoted, type DType } from '../dtype.js';
import { DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { BinaryName, ParametricName, TernaryName, UnaryName } from '../kernels/contract/elementwise.js';
import { Layout } from '../layout.js';
import { commonShape, sameShape, type Shape } from '../shape.js';
import { empty, Storage, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { op, type Single } from './op.js';

/** `x` in another dtype; itself where it has it already. */
export function cast(x: View, dtype: DType): View {
  if (x.storage.dtype === dtype) return x;
  const out = empty(x.layout.shape, dtype);
  kernels.copy(x, out);
  return out;
}

/** A contiguous copy. */
export function copied<D extends DType>(x: View<D>): View<D> {
  const out = empty(x.layout.shape, x.storage.dtype);
  kernels.copy(x, out);
  return out;
}

/** The dtype two operands are computed in. */
export const meet = (a: Tensor, b: Tensor): DType =>
  computeDType(a.dtype === b.dtype && a.weak === null && b.weak === null ? a.dtype : promoted([a, b]));

/** The same for functions of real numbers: integers meet in float32. */
export const meetFloat = (a: Tensor, b: Tensor): DType => floatDType(meet(a, b));

const scalarLayout = new Layout([]);

/** A plain number in the dtype of the result. */
function plain(x: Tensor, dtype: DType): View {
  const array = newArray(dtype, 1);
  const value = x.storage.array[0]!;
  array[0] = dtype === 'bool' ? Number(value !== 0) : value;
  return { storage: new Storage(dtype, 1, array), layout: scalarLayout };
}

/** The shape two tensors broadcast to. */
export const shapeOfBoth = (operation: string, a: Tensor, b: Tensor): Shape =>
  b.ndim === 0 ? a.shape : a.ndim === 0 ? b.shape : commonShape(operation, a.shape, b.shape);

/** An operand in the dtype and shape of the result. */
export function operand(x: Tensor, dtype: DType, shape: Shape, name: string): View {
  const view = x.weak === null ? cast(x, dtype) : plain(x, dtype);
  if (view.layout.shape === shape || sameShape(view.layout.shape, shape)) return view;
  return { storage: view.storage, layout: view.layout.broadcastTo(shape, name) };
}

/**
 * Where a result of this shape and dtype goes: new memory, or the tensor that an in-place form writes to once everything
 * about it has been checked. Follow with `deliver`.
 */
export function destination(name: string, shape: Shape, dtype: DType, inputs: readonly Tensor[], out?: Tensor): View {
  if (out === undefined) return empty(shape, dtype);
  if (!sameShape(shape, out.shape))
    throw new ShapeError(
      `${name}_: the result has shape ${shown(shape)}, the tensor written to ${shown(out.shape)}. Use ${name}() for a new tensor.`,
    );
  if (!canCast(dtype, out.dtype))
    throw new DTypeError(
      `${name}_: the result is ${dtype}, which a ${out.dtype} tensor cannot hold. Use ${name}() for a new tensor, or cast with to().`,
    );
  out.beginWrite(`${name}_`);
  // Another view of the same memory would be read after it was overwritten.
  const overlaps = inputs.some((x) => x.storage === out.storage && x.layout !== out.layout);
  return overlaps || out.dtype !== dtype ? empty(shape, dtype) : out;
}

/** The finished result, copied to the tensor of an in-place form where it was computed elsewhere. */
export function deliver(result: View, out?: Tensor): View {
  if (out === undefined || result === out) return result;
  kernels.copy(result, out);
  return out;
}

/** A function of one tensor, computed in `dtype`. */
export function unary(name: UnaryName, x: Tensor, dtype: DType = computeDType(x.dtype), out?: Tensor): View {
  const to = destination(name, x.shape, dtype, [x], out);
  kernels.unary(name, cast(x, dtype), to);
  return deliver(to, out);
}

/** A parameter of a kernel as the dtype holds it: comparisons see the same number as in a tensor. */
function parameter(name: string, value: number, dtype: DType): number {
  checkNumber(name, 'a parameter', value);
  return dtype === 'float32' ? Math.fround(value) : value;
}

/** A function of one tensor with numbers as parameters. */
export function parametric(
  name: ParametricName,
  x: Tensor,
  params: readonly number[],
  dtype: DType = floatDType(x.dtype),
  out?: Tensor,
): View {
  for (const value of params) checkNumber(name, 'a parameter', value);
  const numbers = dtype === 'float32' ? params.map(Math.fround) : params;
  const to = destination(name, x.shape, dtype, [x], out);
  kernels.parametric(name, cast(x, dtype), to, numbers);
  return deliver(to, out);
}

/** Two tensors broadcast together and computed in the dtype they promote to. */
export function binary(
  name: BinaryName,
  a: Tensor,
  b: Tensor,
  dtype: DType = meet(a, b),
  out?: Tensor,
  operation: string = name,
): View {
  const shape = shapeOfBoth(operation, a, b);
  const [x, y] = [operand(a, dtype, shape, operation), operand(b, dtype, shape, operation)];
  const to = destination(operation, shape, dtype, [a, b], out);
  kernels.binary(name, x, y, to);
  return deliver(to, out);
}

/** `a + alpha * b`. */
export function addScaled(name: string, a: Tensor, b: Tensor, alpha: number, dtype: DType, out?: Tensor): View {
  const factor = parameter(name, alpha, dtype);
  const shape = shapeOfBoth(name, a, b);
  const [x, y] = [operand(a, dtype, shape, name), operand(b, dtype, shape, name)];
  const to = destination(name, shape, dtype, [a, b], out);
  kernels.addScaled(x, y, to, factor);
  return deliver(to, out);
}

/** Three tensors broadcast together and computed in the dtype they promote to. */
export function ternary(
  name: TernaryName,
  inputs: readonly [Tensor, Tensor, Tensor],
  value: number,
  out?: Tensor,
): View {
  const [a, b, c] = inputs;
  const dtype = computeDType(promoted(inputs));
  if (name === 'addcmul' ? dtype === 'bool' || (!isFloat(dtype) && !Number.isInteger(value)) : !isFloat(dtype))
    throw new DTypeError(
      `${name}: wants floating tensors, got ${a.dtype}, ${b.dtype} and ${c.dtype}. Cast one with to('float32').`,
    );
  const factor = parameter(name, value, dtype);
  const shape = commonShape(name, a.shape, b.shape, c.shape);
  const [x, y, z] = inputs.map((input) => operand(input, dtype, shape, name)) as [View, View, View];
  const to = destination(name, shape, dtype, inputs, out);
  kernels.ternary(name, x, y, z, to, factor);
  return deliver(to, out);
}

/** Another dtype; differentiable between floating dtypes. */
export const to = op<Single, DType>({
  name: 'to',
  forward: ([x], dtype) => cast(x, dtype),
  backward: (grad, [x]) => [grad.to(x.dtype)],
  saves: 'none',
});
