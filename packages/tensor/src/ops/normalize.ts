import { apply } from '../autograd.js';
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
  backward: (upstreams, inputs, _outputs, attrs) => {
    const [grad, x, mean, variance, weight] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor?];
    const rest = upstreams.slice(1);
    const ofWeight = attrs.wanted.weight ? rest.shift() : null;
    const ofBias = attrs.wanted.bias ? rest.shift() : null;
    const second = secondGradients(
      { x: upstreams[0] ?? null, weight: ofWeight ?? null, bias: ofBias ?? null },
      { grad, x, weight: weight ?? null, statistics: [mean, variance] },
      attrs,
    );
    return [second.grad, second.x, null, null, ...(weight ? [second.weight] : [])];
  },
});

/** What arrives at the gradients of x, weight and bias. */
interface Arriving {
  readonly x: Tensor | null;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}

/**
 * The derivative of `normalizeGrad`, in tensor operations. With r = 1 / sqrt(variance + eps), n = (x - mean) r, y = grad * weight
 * and P(z) = z - mean(z) - n mean(z n), the gradient of x is r P(y), and P is its own adjoint.
 */
function secondGradients(
  arriving: Arriving,
  given: { grad: Tensor; x: Tensor; weight: Tensor | null; statistics: readonly [Tensor, Tensor] },
  { frame, affine, own, eps, sizes }: NormalizeGradAttrs,
): { grad: Tensor; x: Tensor; weight: Tensor | null } {
  const [grad, x] = [given.grad.reshape(frame), given.x.reshape(frame)];
  const weight = given.weight && given.weight.reshape(affine);
  const mean = (z: Tensor): Tensor => z.mean([0, 3, 4], { keepdim: true });
  // Own statistics depend on x, so they are computed anew: what comes of them can be differentiated again.
  const fixed = given.statistics.map((z) => z.to(x.dtype).reshape([1, frame[1]!, frame[2]!, 1, 1])) as [Tensor, Tensor];
  const centred = own === 'both' ? x.sub(mean(x)) : own === 'none' ? x.sub(fixed[0]) : x;
  const r = (own === 'none' ? fixed[1] : mean(centred.square())).add(eps).rsqrt();
  const n = centred.mul(r);
  const project = (z: Tensor): Tensor => {
    if (own === 'none') return z;
    const along = n.mul(mean(z.mul(n)));
    return own === 'both' ? z.sub(mean(z)).sub(along) : z.sub(along);
  };
  const weighted = (z: Tensor): Tensor => (weight ? z.mul(weight) : z);
  const y = weighted(grad);
  const u = (arriving.x ?? given.x.zerosLike()).reshape(frame);
  const back = r.mul(project(u));

  let ofGrad = weighted(back);
  let ofNormal: Tensor | null = null;
  if (arriving.weight) {
    const factor = arriving.weight.reshape(affine);
    ofGrad = ofGrad.add(n.mul(factor));
    ofNormal = grad.mul(factor);
  }
  if (arriving.bias) ofGrad = ofGrad.add(arriving.bias.reshape(affine));

  let ofX = x.zerosLike();
  if (own !== 'none') {
    const moved = r.mul(u.mul(mean(y.mul(n))).add(y.mul(mean(u.mul(n)))));
    ofNormal = ofNormal ? ofNormal.sub(moved) : moved.neg();
    ofX = r
      .square()
      .mul(n)
      .mul(mean(u.mul(project(y))))
      .neg();
  }
  if (ofNormal) ofX = ofX.add(r.mul(project(ofNormal)));
  return {
    grad: ofGrad.reshape(given.grad.shape),
    x: ofX.reshape(given.x.shape),
    weight: weight && grad.mul(back).sumTo(affine).reshape(sizes),
  };
}
