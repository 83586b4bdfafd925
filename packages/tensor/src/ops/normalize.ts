import { apply } from '../autograd.js';
import { AutogradError } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { OwnStatistics } from '../kernels/contract/normalize.js';
import type { Shape } from '../shape.js';
import { alloc, empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { contiguous, floatType } from './conv.js';
import { cast } from './elementwise.js';
import { op } from './op.js';

/** How a tensor is normalized. */
export interface NormalizeAttrs {
  /** x as `[outer, rows, groups, channels, inner]`: each (row, group) has its own statistics. */
  readonly frame: Shape;
  /** Weight and bias in five dims that broadcast to the frame. */
  readonly affine: Shape;
  readonly own: OwnStatistics;
  readonly eps: number;
  /** Which of the optional inputs after x are there: weight, bias, then given mean and variance. */
  readonly weight: boolean;
  readonly bias: boolean;
}

interface Operands {
  readonly x: Tensor;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  /** Mean and variance where they are given. */
  readonly statistics: readonly Tensor[];
}

function operandsOf(inputs: readonly Tensor[], { weight, bias }: NormalizeAttrs): Operands {
  const after = 1 + Number(weight);
  return {
    x: inputs[0]!,
    weight: weight ? inputs[1]! : null,
    bias: bias ? inputs[after]! : null,
    statistics: inputs.slice(after + Number(bias)),
  };
}

const reshaped = (view: View, shape: Shape): View => ({ storage: view.storage, layout: view.layout.reshape(shape)! });

/** A weight or bias, or the place of its gradient, broadcast to the frame. */
const spread = <V extends View>(view: V, { affine, frame }: NormalizeAttrs): View => ({
  storage: view.storage,
  layout: view.layout.reshape(affine)!.broadcastTo(frame),
});

/**
 * `(x - mean) / sqrt(variance + eps) * weight + bias` as one operation: batch, layer, group, instance and RMS normalization
 * differ in the frame only. Inputs: x, then weight, bias, mean, variance as far as there are any. Returns the mean and
 * variance that were used as well, in float64; no gradient flows through these.
 */
export const normalize = op<readonly Tensor[], NormalizeAttrs, readonly [View, View<'float64'>, View<'float64'>]>({
  name: 'normalize',
  forward: (inputs, attrs) => {
    const { x, weight, bias, statistics } = operandsOf(inputs, attrs);
    const dtype = floatType('normalize', inputs);
    const view = reshaped(contiguous(cast(x, dtype)), attrs.frame);
    const shape = attrs.frame.slice(1, 3);
    const [mean, variance] = [alloc(shape, 'float64'), alloc(shape, 'float64')];
    if (statistics.length > 0)
      [mean, variance].forEach((to, i) => kernels.copy(reshaped(contiguous(statistics[i]!), shape), to));
    else kernels.moments(view, attrs.own === 'both', mean, variance);
    const out = empty(attrs.frame, dtype);
    const factors = [weight, bias].map((factor) => factor && spread(contiguous(cast(factor, dtype)), attrs));
    kernels.normalize(view, mean, variance, attrs.eps, factors[0]!, factors[1]!, out);
    return [reshaped(out, x.shape), mean, variance];
  },
  backward: ([grad], inputs, [, mean, variance], attrs) => {
    if (!grad) return [];
    const { x, weight, bias } = operandsOf(inputs, attrs);
    const given = weight ? [x, mean, variance, weight] : [x, mean, variance];
    const wanted = { weight: weight?.requiresGrad ?? false, bias: bias?.requiresGrad ?? false };
    const [dx, ...factors] = apply(normalizeGrad, [grad, ...given], {
      ...attrs,
      wanted,
      sizes: (weight ?? bias)?.shape ?? [],
    });
    const [dweight, dbias] = [wanted.weight ? factors.shift() : null, wanted.bias ? factors.shift() : null];
    return [dx, ...(weight ? [dweight] : []), ...(bias ? [dbias] : [])];
  },
  saves: 'both',
});

interface NormalizeGradAttrs extends NormalizeAttrs {
  readonly wanted: { readonly weight: boolean; readonly bias: boolean };
  /** Shape of the gradients of weight and bias. */
  readonly sizes: Shape;
}

/** Gradients of `normalize`: of x, then of weight and bias where wanted. Inputs: grad, x, mean, variance and perhaps weight. */
const normalizeGrad = op<readonly Tensor[], NormalizeGradAttrs, readonly View[]>({
  name: 'normalizeGrad',
  forward: (inputs, attrs) => {
    const [grad, x, mean, variance, weight] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor?];
    const dtype = floatType('normalize', weight ? [x, weight] : [x]);
    const framed = (view: View): View => reshaped(contiguous(cast(view, dtype)), attrs.frame);
    const sum = (wanted: boolean): View<'float64'> | null => (wanted ? alloc(attrs.sizes, 'float64') : null);
    const [dweight, dbias] = [sum(attrs.wanted.weight), sum(attrs.wanted.bias)];
    const out = empty(attrs.frame, dtype);
    const factor = weight ? spread(contiguous(cast(weight, dtype)), attrs) : null;
    const sums = {
      weight: dweight && (spread(dweight, attrs) as View<'float64'>),
      bias: dbias && (spread(dbias, attrs) as View<'float64'>),
    };
    kernels.normalizeGrad(framed(grad), framed(x), mean, variance, attrs.eps, factor, attrs.own, out, sums);
    return [reshaped(out, x.shape), ...[dweight, dbias].flatMap((total) => (total ? [cast(total, dtype)] : []))];
  },
  backward: () => {
    throw new AutogradError(
      'normalize: second derivatives are not implemented. Write the normalization out with mean() and div().',
    );
  },
});
