import { kernels } from '../kernels/active.js';
import type { IntegerNorm } from '../kernels/contract/integer.js';
import { Layout } from '../layout.js';
import { numel } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { along } from './along.js';
import { contiguous } from './conv.js';
import { perChannel, type BinaryScaledAttrs, type RequantizeAttrs } from './integer.js';
import { op, type Single } from './op.js';

/** A contiguous view as its rows. */
const rowsOf = ({ storage, layout: { shape, offset } }: View): View => {
  const n = shape.at(-1)!;
  return { storage, layout: new Layout([numel(shape.slice(0, -1)), n], undefined, offset) };
};

/** Softmax along a dim of the numbers that integers stand for, as integers; see `IntegerKernels`. */
export const softmaxScaled = op<Single, Omit<BinaryScaledAttrs, 'name' | 'b'> & { readonly dim: number }>({
  name: 'softmaxScaled',
  forward: ([x], { dim, a, out, dtype }) => {
    const lines = contiguous(along(x, dim));
    const { shape } = lines.layout;
    const y = empty(shape, dtype);
    if (y.layout.numel > 0) kernels.softmaxScaled({ view: rowsOf(lines), ...a }, out, { view: rowsOf(y), ...out });
    if (x.ndim === 0) return { storage: y.storage, layout: new Layout([]) };
    const order = x.shape.map((_, d) => (d < dim ? d : d === dim ? x.ndim - 1 : d - 1));
    return { storage: y.storage, layout: y.layout.permute(order) };
  },
  backward: null,
});

/** Rows of integers over the root of their mean squared deviation; inputs: x, multiplier, bias. See `IntegerKernels`. */
export const normalizeInteger = op<
  readonly [x: Tensor, multiplier: Tensor, bias: Tensor],
  { readonly name: string; readonly norm: IntegerNorm; readonly onGrid: RequantizeAttrs }
>({
  name: 'normalizeInteger',
  forward: ([x, multiplier, bias], { name, norm, onGrid }) => {
    const n = x.shape.at(-1)!;
    const rescaling = {
      multiplier: perChannel(name, 'multiplier', multiplier, n),
      bias: perChannel(name, 'bias', bias, n),
      grid: onGrid.grid,
    };
    const y = empty(x.shape, onGrid.dtype);
    if (y.layout.numel > 0) kernels.normalizeInteger(rowsOf(contiguous(x)), norm, rescaling, rowsOf(y));
    return y;
  },
  backward: null,
});
