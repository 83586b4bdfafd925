import { DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { Layout } from '../layout.js';
import { broadcastShapes, numel, type Shape } from '../shape.js';
import { type View, empty } from '../storage.js';
import { cast, meet } from './elementwise.js';
import { copied } from './movement.js';
import { op, type Pair } from './op.js';

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

/** Matrix product over the last two dims; leading dims broadcast. Both operands have rank >= 2 here. */
export const matmul = op<Pair>({
  name: 'matmul',
  forward: ([a, b]) => {
    const dtype = meet(a, b);
    if (dtype === 'bool') throw new DTypeError("matmul: bools have no sum of products. Convert them with to('int32').");
    const [m, k] = a.shape.slice(-2) as [number, number];
    const [inner, n] = b.shape.slice(-2) as [number, number];
    if (k !== inner)
      throw new ShapeError(
        `matmul: inner sizes differ: ${shown(a.shape)} x ${shown(b.shape)} (${k} against ${inner}).` +
          (k === n ? ' Transpose the second operand?' : ''),
      );
    const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
    const out = empty([numel(batch), m, n], dtype);
    kernels.matmul(batched(cast(a, dtype), batch), batched(cast(b, dtype), batch), out);
    return { storage: out.storage, layout: out.layout.reshape([...batch, m, n])! };
  },
  backward: (grad, [a, b]) => [
    a.requiresGrad ? grad.matmul(b.transpose(-1, -2)).sumTo(a.shape) : null,
    b.requiresGrad ? a.transpose(-1, -2).matmul(grad).sumTo(b.shape) : null,
  ],
  saves: 'inputs',
});
