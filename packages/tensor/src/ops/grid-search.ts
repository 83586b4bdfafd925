import { isFloat, isHalf, resultType } from '../dtype.js';
import { ArgumentError, described, DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { SearchedGrid } from '../kernels/contract/grid-search.js';
import { commonShape, numel, type Shape } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { reshaped } from './along.js';
import { contiguous } from './conv.js';
import { cast } from './elementwise.js';
import { op } from './op.js';

const name = 'leastErrorGrid';

/** Values in lines, their weights, and the scales and offsets to choose from. */
type Candidates = readonly [x: Tensor, weights: Tensor, scale: Tensor, offset: Tensor];

function check([x, , scale, offset]: Candidates, { qmin, qmax, clipped }: SearchedGrid): void {
  for (const [what, { dtype, weak }] of Object.entries({ x, scale }))
    if (!isFloat(dtype) && weak === null)
      throw new DTypeError(`${name}: ${what} must be floating, got ${dtype}. Convert it with to('float32').`);
  if (x.ndim === 0) throw new ShapeError(`${name}: x must have a dim of values, got shape []. Reshape it to [1].`);
  if (scale.numel === 0 || offset.numel === 0)
    throw new ArgumentError(
      `${name}: there is no grid to choose from, with scales of shape ${shown(scale.shape)} and offsets of shape ${shown(offset.shape)}.`,
    );
  if (!Number.isInteger(qmin) || !Number.isInteger(qmax) || qmin > qmax)
    throw new ArgumentError(
      `${name}: qmin and qmax must be integers with qmin <= qmax, got ${described(qmin)} and ${described(qmax)}.`,
    );
  if (typeof clipped !== 'number' || !(Math.fround(clipped) > 0 && Math.fround(clipped) < Infinity))
    throw new ArgumentError(`${name}: clipWeight must be a positive float32, got ${described(clipped)}.`);
}

/** Of several grids per line of x the first with the least squared error: `[errors, indices]`. */
export const leastErrorGrid = op<Candidates, SearchedGrid, readonly [View, View<'int32'>]>({
  name,
  forward: (inputs, grid) => {
    check(inputs, grid);
    const [x, weights, scale, offset] = inputs;
    const met = resultType(inputs);
    const dtype = isHalf(met) ? 'float32' : met;
    const lines = x.shape.slice(0, -1);
    const rows = numel(lines);
    const matrix = (entries: Tensor, shape: Shape): View => {
      const { storage, layout } = cast(entries, dtype);
      return reshaped(contiguous({ storage, layout: layout.broadcastTo(shape, name) }), [rows, shape.at(-1)!]);
    };
    const choices = [...lines, ...commonShape(name, [1], scale.shape.slice(-1), offset.shape.slice(-1))];
    const [errors, indices] = [empty(lines, dtype), empty(lines, 'int32')];
    kernels.leastErrorGrid(
      matrix(x, x.shape),
      matrix(weights, x.shape),
      matrix(scale, choices),
      matrix(offset, choices),
      grid,
      reshaped(errors, [rows]),
      reshaped(indices, [rows]),
    );
    return [errors, indices];
  },
  backward: null,
});
