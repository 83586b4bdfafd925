import { computeDType } from '../dtype.js';
import { kernels } from '../kernels/active.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, computable } from './accumulate.js';
import { cast } from './elementwise.js';
import { op, type Single } from './op.js';
import { checkNotEmpty, expandLike, grouped, groupSize, shaped, unreduced, type Reduction } from './reduce.js';

/** A variance divides by the number of elements less `correction`. */
export interface Dispersion extends Reduction {
  readonly correction: number;
}

function moments(name: string, x: Tensor, attrs: Dispersion): { variance: View; mean: View } {
  checkFloat(name, x.dtype);
  const { x: view, kept } = grouped(computable(x), attrs.dims);
  const [variance, mean] = [empty(kept, view.storage.dtype), empty(kept, view.storage.dtype)];
  kernels.variance(view, attrs.correction, variance, mean);
  return { variance: shaped(variance, x.shape, attrs), mean: shaped(mean, x.shape, attrs) };
}

/** Gradient of the variance: `2 (x - mean) / (n - correction)`. */
function ofVariance(grad: Tensor, x: Tensor, attrs: Dispersion): Tensor {
  const centred = x.sub(x.mean(attrs.dims, { keepdim: true }));
  return centred.mul(unreduced(grad, x, attrs).mul(2 / (groupSize(x.shape, attrs.dims) - attrs.correction)));
}

/** `[variance, mean]`. */
export const varMean = op<Single, Dispersion, readonly [View, View]>({
  name: 'varMean',
  forward: ([x], attrs) => {
    const { variance, mean } = moments('varMean', x, attrs);
    return [variance, mean];
  },
  backward: ([gradVar, gradMean], [x], _outputs, attrs) => {
    const ofVar = gradVar && ofVariance(gradVar, x, attrs);
    const ofMean = gradMean && expandLike(gradMean.div(groupSize(x.shape, attrs.dims)), x, attrs);
    return [ofVar && ofMean ? ofVar.add(ofMean) : (ofVar ?? ofMean)];
  },
  saves: 'inputs',
});

export const variance = op<Single, Dispersion>({
  name: 'var',
  forward: ([x], attrs) => moments('var', x, attrs).variance,
  backward: (grad, [x], _y, attrs) => [ofVariance(grad, x, attrs)],
  saves: 'inputs',
});

/** The square root of the variance; where it is 0 the gradient is 0. */
export const std = op<Single, Dispersion>({
  name: 'std',
  forward: ([x], attrs) => {
    const { variance } = moments('std', x, attrs);
    kernels.unary('sqrt', variance, variance);
    return variance;
  },
  backward: (grad, [x], y, attrs) => [ofVariance(grad.div(y.mul(2)).where(y.ne(0), 0), x, attrs)],
});

/** Which norm, over which dims. */
export interface Norm extends Reduction {
  readonly p: number;
}

/** Gradient of a p-norm, case by case as PyTorch's `norm_backward`: 0 where the norm is 0 and not differentiable. */
function ofNorm(grad: Tensor, x: Tensor, norm: Tensor, { p, dims }: Norm): Tensor {
  const whereNorm = (value: Tensor): Tensor => value.where(norm.ne(0), 0);
  if (p === 0) return x.zerosLike();
  if (p === 1) return x.sign().mul(grad);
  if (p === 2) return x.mul(whereNorm(grad.div(norm)));
  if (p === Infinity || p === -Infinity) {
    const ties = x.abs().eq(norm);
    return x
      .sign()
      .mul(grad.div(ties.sum(dims, { keepdim: true })))
      .mul(ties);
  }
  const powers = x.abs().pow(p - 1);
  if (p < 1)
    return x
      .sign()
      .mul(powers.where(x.ne(0), 0))
      .mul(grad.mul(norm.pow(1 - p)));
  return x
    .sign()
    .mul(powers)
    .mul(whereNorm(grad.div(norm.pow(p - 1))));
}

export const norm = op<Single, Norm>({
  name: 'norm',
  forward: ([x], attrs) => {
    const dtype = attrs.dtype ?? x.dtype;
    checkFloat('norm', dtype);
    if (attrs.p === Infinity || attrs.p < 0) checkNotEmpty('norm', x, attrs.dims);
    const { x: view, kept } = grouped(computable(cast(x, dtype)), attrs.dims);
    const out = empty(kept, view.storage.dtype);
    kernels.norm(attrs.p, view, out);
    return shaped(out, x.shape, attrs);
  },
  backward: (grad, [x], y, attrs) => {
    const [upstream, norms] = [unreduced(grad, x, attrs), unreduced(y, x, attrs)];
    return [ofNorm(upstream, x, norms, attrs)];
  },
});

/** log(sum(exp(x))) without overflow. */
export const logsumexp = op<Single, Reduction>({
  name: 'logsumexp',
  forward: ([x], attrs) => {
    checkFloat('logsumexp', x.dtype);
    const { x: view, kept } = grouped(computable(x), attrs.dims);
    const out = empty(kept, computeDType(x.dtype));
    kernels.logsumexp(view, out);
    return shaped(out, x.shape, attrs);
  },
  backward: (grad, [x], y, attrs) => [
    x
      .sub(expandLike(y, x, attrs))
      .exp()
      .mul(unreduced(grad, x, attrs)),
  ],
});
