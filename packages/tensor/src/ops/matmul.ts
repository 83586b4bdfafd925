import { computeDType, promoted, type DType } from '../dtype.js';
import { DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import { Layout } from '../layout.js';
import { commonShape, numel, type Shape } from '../shape.js';
import { empty, type View } from '../storage.js';
import { cast, copied, meet } from './elementwise.js';
import { op, type InputGrads, type Pair, type Triple } from './op.js';
import { reluSlope } from './activation.js';
import type { Tensor } from '../tensor.js';

/** All batch dims of `[..., rows, columns]` as one, copied only where no strides can express it. */
export function batched(x: View, batch: Shape): View {
  const [rows, columns] = x.layout.shape.slice(-2) as [number, number];
  const shape = [numel(batch), rows, columns];
  const layout: Layout = x.layout.broadcastTo([...batch, rows, columns]);
  const merged = layout.reshape(shape);
  if (merged) return { storage: x.storage, layout: merged };
  const copy = copied({ storage: x.storage, layout });
  return { storage: copy.storage, layout: copy.layout.reshape(shape)! };
}

/** Throws unless a dtype has sums of products. */
function checkProduct(operation: string, dtype: DType): void {
  if (dtype === 'bool')
    throw new DTypeError(`${operation}: bools have no sum of products. Convert them with to('int32').`);
}

/** Matrix product over the last two dims; leading dims broadcast. Both operands have rank >= 2 here. */
export const matmul = op<Pair>({
  name: 'matmul',
  forward: ([a, b]) => {
    const dtype = meet(a, b);
    checkProduct('matmul', dtype);
    const [m, k] = a.shape.slice(-2) as [number, number];
    const [inner, n] = b.shape.slice(-2) as [number, number];
    if (k !== inner)
      throw new ShapeError(
        `matmul: inner sizes differ: ${shown(a.shape)} x ${shown(b.shape)} (${k} against ${inner}).` +
          (k === n ? ' Transpose the second operand?' : ''),
      );
    const batch = commonShape('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
    const out = empty([numel(batch), m, n], dtype);
    kernels.matmul(batched(cast(a, dtype), batch), batched(cast(b, dtype), batch), null, out);
    return { storage: out.storage, layout: out.layout.reshape([...batch, m, n])! };
  },
  backward: (grad, [a, b]) => [
    a.requiresGrad ? grad.matmul(b.transpose(-1, -2)).sumTo(a.shape) : null,
    b.requiresGrad ? a.transpose(-1, -2).matmul(grad).sumTo(b.shape) : null,
  ],
  saves: 'others',
});

/** The rows of `[..., columns]`, copied only where no strides can express them. */
function rowsOf(x: View, rows: number): View {
  const shape = [1, rows, x.layout.shape.at(-1)!];
  const layout = x.layout.reshape(shape);
  return layout ? { storage: x.storage, layout } : { storage: copied(x).storage, layout: new Layout(shape) };
}

function linearOf(name: string, relu: boolean, inputs: Pair | Triple): View {
  const [x, weight, bias] = inputs;
  const dtype = computeDType(promoted(inputs));
  checkProduct(name, dtype);
  const [outputs, columns] = weight.shape as [number, number];
  const rows = numel(x.shape.slice(0, -1));
  const w = cast(weight, dtype);
  const [along, across] = w.layout.strides as [number, number];
  const out = empty([...x.shape.slice(0, -1), outputs], dtype);
  kernels.matmul(
    rowsOf(cast(x, dtype), rows),
    { storage: w.storage, layout: new Layout([1, columns, outputs], [0, across, along], w.layout.offset) },
    { bias: bias ? cast(bias, dtype) : null, relu },
    { storage: out.storage, layout: new Layout([1, rows, outputs]) },
  );
  return out;
}

/** Gradients of a linear layer in its input, weight and bias. */
function linearGrads(grad: Tensor, [x, weight, bias]: Pair | Triple): InputGrads {
  const rows = numel(x.shape.slice(0, -1));
  const flat = grad.reshape([rows, weight.shape[0]!]);
  return [
    x.requiresGrad ? grad.matmul(weight) : null,
    weight.requiresGrad ? flat.transpose(0, 1).matmul(x.reshape([rows, weight.shape[1]!])) : null,
    bias?.requiresGrad ? flat.sum(0) : null,
  ];
}

/** `x @ weight.T + bias` over the last dim of x; `weight` is `[out, in]`, `bias` `[out]` or left out. Shapes fit here. */
export const linear = op<Pair | Triple>({
  name: 'linear',
  forward: (inputs) => linearOf('linear', false, inputs),
  backward: (grad, inputs) => linearGrads(grad, inputs),
  saves: [0, 1],
});

/** `linear` and ReLU in one. */
export const linearRelu = op<Pair | Triple>({
  name: 'linearRelu',
  forward: (inputs) => linearOf('linearRelu', true, inputs),
  backward: (grad, inputs, y) => linearGrads(reluSlope(grad, y), inputs),
});
