import { apply } from '../autograd.js';
import { computeDType } from '../dtype.js';
import { IndexError } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { Classes, Reduction } from '../kernels/contract/loss.js';
import { numel, type Shape } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { reshaped } from './along.js';
import { cast } from './elementwise.js';
import { op, type Op, type Pair, type Triple } from './op.js';

/** Attributes of the negative log-likelihood. */
export interface NllAttrs {
  readonly ignoreIndex: number;
  readonly reduction: Reduction;
}

/** `[N, C, ...]` (or `[C]`) as samples, classes and positions. */
const threeDims = (shape: Shape): [number, number, number] =>
  shape.length === 1 ? [1, shape[0]!, 1] : [shape[0]!, shape[1]!, numel(shape.slice(2))];

function classesOf(
  [n, , s]: readonly [number, number, number],
  target: Tensor,
  weight: Tensor | undefined,
  x: View,
  ignoreIndex: number,
): Classes {
  return {
    target: reshaped(target, [n, s]),
    weight: weight ? cast(weight, x.storage.dtype) : null,
    ignoreIndex,
  };
}

/** Throws unless every class is one of `count`, or the one that does not count. */
export function checkClasses(operation: string, target: Tensor, count: number, ignoreIndex: number): void {
  // In nearly all calls every index is a class.
  if (kernels.firstOutside(target, 0, count) === null) return;
  const others = target.maskedFill(target.eq(ignoreIndex), 0);
  const outside = kernels.firstOutside(others, 0, count);
  if (outside !== null)
    throw new IndexError(
      `${operation}: class ${outside} is out of range for ${count} classes (0 to ${count - 1}, or ignoreIndex ${ignoreIndex}).`,
    );
}

/**
 * Negative log-likelihood of classes under log-probabilities `[N, C, ...]`; inputs are these, the classes `[N, ...]` and the weight
 * `[C]` or nothing. Shapes and classes fit here.
 */
export const nll: Op<Pair | Triple, NllAttrs, View> = op<Pair | Triple, NllAttrs>({
  name: 'nll',
  forward: ([x, target, weight], { ignoreIndex, reduction }) => {
    const dtype = computeDType(x.dtype);
    const sizes = threeDims(x.shape);
    const view = reshaped(cast(x, dtype), sizes);
    const out = empty(reduction === 'none' ? target.shape : [], dtype);
    const to = reduction === 'none' ? reshaped(out, [sizes[0], sizes[2]]) : out;
    kernels.nll(view, classesOf(sizes, target, weight, view, ignoreIndex), reduction, to);
    return out;
  },
  backward: (grad, [x, target, weight], _y, attrs) => [
    apply(nllGrad, weight ? [grad, target, weight] : [grad, target], { ...attrs, shape: x.shape }),
    null,
    null,
  ],
  saves: [1, 2],
});

/** The adjoint of `nll`. */
const nllGrad: Op<Pair | Triple, NllAttrs & { readonly shape: Shape }, View> = op<
  Pair | Triple,
  NllAttrs & { readonly shape: Shape }
>({
  name: 'nllGrad',
  forward: ([grad, target, weight], { ignoreIndex, reduction, shape }) => {
    const sizes = threeDims(shape);
    const view = reduction === 'none' ? reshaped(grad, [sizes[0], sizes[2]]) : grad;
    const out = empty(shape, grad.dtype);
    const to = reshaped(out, sizes);
    kernels.nllGrad(view, classesOf(sizes, target, weight, view, ignoreIndex), reduction, to);
    return out;
  },
  backward: (seed, [, target, weight], _y, attrs) => [
    apply(nll, weight ? [seed, target, weight] : [seed, target], attrs),
    null,
    null,
  ],
  saves: [1, 2],
});
