import { checkInteger, checkNumber, checkOptionalTensor, checkTensor, optionsOf } from '../arguments.js';
import { apply, noGrad } from '../autograd.js';
import { dtypes } from '../dtype.js';
import { ArgumentError, ShapeError, shown } from '../errors.js';
import type { OwnStatistics } from '../kernels/contract/normalize.js';
import * as ops from '../ops/normalize.js';
import { avgPool } from '../ops/pool.js';
import { checkShape, numel, sameShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';

/** Options that all normalizations share. */
export interface NormalizeOptions {
  /** Factor after normalizing, one per normalized element or channel. */
  readonly weight?: Tensor | null;
  /** Added at the end, of the weight's shape. */
  readonly bias?: Tensor | null;
  /** Added to the variance. Default: 1e-5. */
  readonly eps?: number;
}

/** Options of `batchNorm`. */
export interface BatchNormOptions extends NormalizeOptions {
  /** Use the statistics of this batch, and move the running ones towards them. Default: false. */
  readonly training?: boolean;
  /** Part of the new statistics in the running ones. Default: 0.1. */
  readonly momentum?: number;
}

/** Options of `instanceNorm`. */
export interface InstanceNormOptions extends NormalizeOptions {
  /** Running mean per channel, which training updates; null for none. */
  readonly runningMean?: Tensor | null;
  /** Running variance per channel, which training updates; null for none. */
  readonly runningVar?: Tensor | null;
  /** Use each instance's own statistics and not the running ones. Default: true. */
  readonly useInputStats?: boolean;
  /** Part of the new statistics in the running ones. Default: 0.1. */
  readonly momentum?: number;
}

/** Options of `rmsNorm`. */
export interface RmsNormOptions {
  /** Factor of each element; null for none. */
  readonly weight?: Tensor | null;
  /** Added to the mean square. Default: the epsilon of x's dtype, as in PyTorch. */
  readonly eps?: number | null;
}

/** Options of `localResponseNorm`. */
export interface LocalResponseNormOptions {
  /** Default: 1e-4. */
  readonly alpha?: number;
  /** Default: 0.75. */
  readonly beta?: number;
  /** Default: 1. */
  readonly k?: number;
}

interface Frame {
  readonly frame: Shape;
  /** Shape of weight and bias in five dims. */
  readonly affine: Shape;
  /** Shape that weight and bias must have. */
  readonly sizes: Shape;
}

interface Run {
  readonly own: OwnStatistics;
  readonly statistics?: readonly [Tensor, Tensor] | null;
}

function checkFactor(name: string, what: string, factor: Tensor | null, { sizes }: Frame): void {
  if (factor === null) return;
  checkTensor(name, what, factor);
  if (!sameShape(factor.shape, sizes))
    throw new ShapeError(`${name}: ${what} must have shape ${shown(sizes)}, got ${shown(factor.shape)}.`);
}

function run(
  name: string,
  x: Tensor,
  where: Frame,
  { own, statistics }: Run,
  options: NormalizeOptions,
): readonly [Tensor, Tensor, Tensor] {
  const { weight = null, bias = null, eps = 1e-5 } = options;
  checkFactor(name, 'weight', weight, where);
  checkFactor(name, 'bias', bias, where);
  checkNumber(name, 'eps', eps, 0);
  const inputs = [x, ...(weight ? [weight] : []), ...(bias ? [bias] : []), ...(statistics ?? [])];
  const attrs = { frame: where.frame, affine: where.affine, own, eps, weight: weight !== null, bias: bias !== null };
  return apply(ops.normalize, inputs, attrs);
}

function lastDims(name: string, x: Tensor, normalizedShape: number | Shape): Frame {
  checkTensor(name, 'x', x);
  const sizes = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
  checkShape(name, sizes);
  if (sizes.length === 0 || !sameShape(x.shape.slice(-sizes.length), sizes))
    throw new ShapeError(`${name}: the last dims of x ${shown(x.shape)} must be the normalized shape ${shown(sizes)}.`);
  const inner = numel(sizes);
  return { frame: [1, numel(x.shape.slice(0, -sizes.length)), 1, 1, inner], affine: [1, 1, 1, 1, inner], sizes };
}

/**
 * Normalizes over the last dims, which must be `normalizedShape`: `(x - mean) / sqrt(var + eps) * weight + bias` with the biased
 * variance. Weight and bias have that shape.
 *
 * @throws ShapeError where the last dims, weight or bias differ from `normalizedShape`
 */
export const layerNorm = (x: Tensor, normalizedShape: number | Shape, options: NormalizeOptions = {}): Tensor =>
  run(
    'layerNorm',
    x,
    lastDims('layerNorm', x, normalizedShape),
    { own: 'both' },
    optionsOf('layerNorm', options, ['weight', 'bias', 'eps']),
  )[0];

/** Divides by the root mean square over the last dims: `x / sqrt(mean(x^2) + eps) * weight`. */
export const rmsNorm = (x: Tensor, normalizedShape: number | Shape, options: RmsNormOptions = {}): Tensor => {
  const { weight, eps } = optionsOf('rmsNorm', options, ['weight', 'eps']);
  return run(
    'rmsNorm',
    x,
    lastDims('rmsNorm', x, normalizedShape),
    { own: 'scale' },
    {
      weight,
      eps: eps ?? (dtypes[x.dtype].bytes === 8 ? 2 ** -52 : 2 ** -23),
    },
  )[0];
};

/** `[n, c, ...]` with the channels in groups. */
function grouped(name: string, x: Tensor, groups: number): Frame {
  checkTensor(name, 'x', x);
  if (x.ndim < 2) throw new ShapeError(`${name}: x must have rank 2 at least ([n, c, ...]), got ${shown(x.shape)}.`);
  const [n, c] = x.shape as [number, number];
  checkInteger(name, 'the number of groups', groups, 1);
  if (c % groups !== 0) throw new ArgumentError(`${name}: ${c} channels do not divide into ${groups} groups.`);
  const inner = numel(x.shape.slice(2));
  return { frame: [1, n, groups, c / groups, inner], affine: [1, 1, groups, c / groups, 1], sizes: [c] };
}

/**
 * Normalizes each of `numGroups` groups of the channels of `[n, c, ...]`, sample by sample. Weight and bias have shape `[c]`.
 *
 * @throws ArgumentError where the channels do not divide into the groups
 */
export function groupNorm(x: Tensor, numGroups: number, options: NormalizeOptions = {}): Tensor {
  return run(
    'groupNorm',
    x,
    grouped('groupNorm', x, numGroups),
    { own: 'both' },
    optionsOf('groupNorm', options, ['weight', 'bias', 'eps']),
  )[0];
}

/** `running = (1 - momentum) * running + momentum * statistic`, in place and outside the graph. */
function move(running: Tensor | null | undefined, statistic: Tensor, momentum: number): void {
  running?.copy_(running.mul(1 - momentum).add(statistic.to(running.dtype).mul(momentum)));
}

function checkRunning(name: string, channels: number, ...statistics: readonly (Tensor | null | undefined)[]): void {
  for (const running of statistics) {
    checkOptionalTensor(name, 'a running statistic', running);
    if (running && (running.ndim !== 1 || running.numel !== channels))
      throw new ShapeError(`${name}: running statistics must have shape [${channels}], got ${shown(running.shape)}.`);
  }
}

/**
 * Normalizes each channel of `[n, c, ...]` over the batch and all positions in training, by the running statistics otherwise.
 * Training moves the running statistics in place: `(1 - momentum) * running + momentum * new`, with the unbiased variance.
 * Weight, bias and running statistics have shape `[c]`.
 *
 * @throws ShapeError for misfit shapes, or training on a single value per channel; ArgumentError without any statistics
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  options: BatchNormOptions = {},
): Tensor {
  checkTensor('batchNorm', 'x', x);
  const { training = false, momentum = 0.1 } = optionsOf('batchNorm', options, [
    'training',
    'momentum',
    'weight',
    'bias',
    'eps',
  ]);
  checkNumber('batchNorm', 'momentum', momentum);
  if (x.ndim < 2) throw new ShapeError(`batchNorm: x must have rank 2 at least ([n, c, ...]), got ${shown(x.shape)}.`);
  const [n, c] = x.shape as [number, number];
  const inner = numel(x.shape.slice(2));
  const where = { frame: [n, 1, c, 1, inner], affine: [1, 1, c, 1, 1], sizes: [c] };
  checkRunning('batchNorm', c, runningMean, runningVar);
  if (!training) {
    if (!runningMean || !runningVar)
      throw new ArgumentError('batchNorm: evaluation needs running statistics. Pass them, or { training: true }.');
    return run('batchNorm', x, where, { own: 'none', statistics: [runningMean, runningVar] }, options)[0];
  }
  const count = n * inner;
  if (count <= 1)
    throw new ShapeError(`batchNorm: training needs more than one value per channel, got shape ${shown(x.shape)}.`);
  const [y, mean, variance] = run('batchNorm', x, where, { own: 'both' }, options);
  noGrad(() => {
    move(runningMean, mean.detach().reshape([c]), momentum);
    move(
      runningVar,
      variance
        .detach()
        .reshape([c])
        .mul(count / (count - 1)),
      momentum,
    );
  });
  return y;
}

/**
 * Normalizes each channel of each sample of `[n, c, ...]` over its positions, or by running statistics where `useInputStats` is
 * false. Running statistics are moved towards the mean over the batch, the variance unbiased.
 *
 * @throws ShapeError for misfit shapes or a single position per channel; ArgumentError without any statistics
 */
export function instanceNorm(x: Tensor, options: InstanceNormOptions = {}): Tensor {
  checkTensor('instanceNorm', 'x', x);
  const {
    runningMean = null,
    runningVar = null,
    useInputStats = true,
    momentum = 0.1,
  } = optionsOf('instanceNorm', options, [
    'runningMean',
    'runningVar',
    'useInputStats',
    'momentum',
    'weight',
    'bias',
    'eps',
  ]);
  checkNumber('instanceNorm', 'momentum', momentum);
  const where = grouped('instanceNorm', x, Math.max(1, x.shape[1] ?? 1));
  const [n, c] = x.shape as [number, number];
  checkRunning('instanceNorm', c, runningMean, runningVar);
  if (!useInputStats) {
    const { weight, bias, eps } = options;
    return batchNorm(x, runningMean, runningVar, { weight, bias, eps });
  }
  const count = numel(x.shape.slice(2));
  if (count <= 1)
    throw new ShapeError(`instanceNorm: needs more than one position per channel, got shape ${shown(x.shape)}.`);
  const [y, mean, variance] = run('instanceNorm', x, where, { own: 'both' }, options);
  noGrad(() => {
    if (runningMean) move(runningMean, mean.detach().reshape([n, c]).mean(0), momentum);
    if (runningVar)
      move(
        runningVar,
        variance
          .detach()
          .reshape([n, c])
          .mul(count / (count - 1))
          .mean(0),
        momentum,
      );
  });
  return y;
}

/**
 * Divides by `(k + alpha / size * sum(x^2 over size neighbouring channels))^beta`, as AlexNet does (Krizhevsky et al. 2012).
 *
 * @throws ShapeError unless x is `[n, c, ...]` of rank 3 at least
 */
export function localResponseNorm(x: Tensor, size: number, options: LocalResponseNormOptions = {}): Tensor {
  checkTensor('localResponseNorm', 'x', x);
  const { alpha = 1e-4, beta = 0.75, k = 1 } = optionsOf('localResponseNorm', options, ['alpha', 'beta', 'k']);
  if (x.ndim < 3)
    throw new ShapeError(`localResponseNorm: x must have rank 3 at least ([n, c, ...]), got ${shown(x.shape)}.`);
  checkInteger('localResponseNorm', 'size', size, 1);
  const [n, c] = x.shape as [number, number];
  const inner = numel(x.shape.slice(2));
  const before = Math.floor(size / 2);
  const along = (count: number, from: (o: number) => number, to: (o: number) => number, length: number) => ({
    starts: Int32Array.from({ length: count }, (_, o) => Math.max(0, from(o))),
    ends: Int32Array.from({ length: count }, (_, o) => Math.min(count, to(o))),
    lengths: new Int32Array(count).fill(length),
    step: 1,
  });
  const neighbours = along(
    c,
    (o) => o - before,
    (o) => o - before + size,
    size,
  );
  const each = along(
    inner,
    (o) => o,
    (o) => o + 1,
    1,
  );
  const squares = apply(avgPool, [x.mul(x).reshape([n, 1, c, inner])], { reaches: [neighbours, each], divisor: null });
  return x.div(squares.reshape(x.shape).mul(alpha).add(k).pow(beta));
}
