import { isHalf, resultType, type DType } from '../dtype.js';
import { kernels } from '../kernels/active.js';
import type { BinaryName, CompareName, UnaryName } from '../kernels/contract/elementwise.js';
import { broadcastShapes } from '../shape.js';
import { alloc, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { op, type Pair, type Single, type Triple } from './op.js';

/** `x` in another dtype; itself where it has it already. */
export function cast(x: View, dtype: DType): View {
  if (x.storage.dtype === dtype) return x;
  const out = alloc(x.layout.shape, dtype);
  kernels.copy(x, out);
  return out;
}

/** The dtype two operands are computed in. */
export const meet = (a: Tensor, b: Tensor): DType => {
  const dtype = a.dtype === b.dtype ? a.dtype : resultType([a, b]);
  return isHalf(dtype) ? 'float32' : dtype;
};

/** An operand in the dtype and shape of the result. */
const operand = (x: Tensor, dtype: DType, shape: readonly number[], name: string): View => {
  const view = cast(x, dtype);
  return { storage: view.storage, layout: view.layout.broadcastTo(shape, name) };
};

function unary(name: UnaryName, x: Tensor): View {
  const view = cast(x, isHalf(x.dtype) ? 'float32' : x.dtype);
  const out = alloc(x.shape, view.storage.dtype);
  kernels.unary(name, view, out);
  return out;
}

/** Two tensors broadcast together and computed in the dtype they promote to. */
function binary(name: BinaryName, a: Tensor, b: Tensor, dtype: DType = meet(a, b)): View {
  const shape = broadcastShapes(name, a.shape, b.shape);
  const out = alloc(shape, dtype);
  kernels.binary(name, operand(a, dtype, shape, name), operand(b, dtype, shape, name), out);
  return out;
}

function comparison(name: CompareName) {
  return op<Pair>({
    name,
    forward: ([a, b]) => {
      const dtype = meet(a, b);
      const shape = broadcastShapes(name, a.shape, b.shape);
      const out = alloc(shape, 'bool');
      kernels.compare(name, operand(a, dtype, shape, name), operand(b, dtype, shape, name), out);
      return out;
    },
    backward: null,
  });
}

/** Another dtype; differentiable between floating dtypes. */
export const to = op<Single, DType>({
  name: 'to',
  forward: ([x], dtype) => cast(x, dtype),
  backward: (grad, [x]) => [grad.to(x.dtype)],
  saves: 'none',
});

export const add = op<Pair>({
  name: 'add',
  forward: ([a, b]) => binary('add', a, b),
  backward: (grad, [a, b]) => [grad.sumTo(a.shape), grad.sumTo(b.shape)],
  saves: 'none',
});

export const sub = op<Pair>({
  name: 'sub',
  forward: ([a, b]) => binary('sub', a, b),
  backward: (grad, [a, b]) => [grad.sumTo(a.shape), grad.neg().sumTo(b.shape)],
  saves: 'none',
});

export const mul = op<Pair>({
  name: 'mul',
  forward: ([a, b]) => binary('mul', a, b),
  backward: (grad, [a, b]) => [
    a.requiresGrad ? grad.mul(b).sumTo(a.shape) : null,
    b.requiresGrad ? grad.mul(a).sumTo(b.shape) : null,
  ],
  saves: 'inputs',
});

export const neg = op<Single>({
  name: 'neg',
  forward: ([x]) => unary('neg', x),
  backward: (grad) => [grad.neg()],
  saves: 'none',
});

export const exp = op<Single>({
  name: 'exp',
  forward: ([x]) => unary('exp', x),
  backward: (grad, _inputs, y) => [grad.mul(y)],
  saves: 'output',
});

export const gt = comparison('gt');
export const eq = comparison('eq');

export const where = op<Triple>({
  name: 'where',
  forward: ([condition, a, b]) => {
    const dtype = meet(a, b);
    const shape = broadcastShapes('where', condition.shape, a.shape, b.shape);
    const out = alloc(shape, dtype);
    kernels.where(
      operand(condition, 'bool', shape, 'where'),
      operand(a, dtype, shape, 'where'),
      operand(b, dtype, shape, 'where'),
      out,
    );
    return out;
  },
  backward: (grad, [condition, a, b]) => [
    null,
    grad.mul(condition).sumTo(a.shape),
    grad.mul(condition.eq(0)).sumTo(b.shape),
  ],
  saves: 'inputs',
});
