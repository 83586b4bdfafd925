import { checkChoice, checkInteger, checkNumber, checkTensor, isIntegers, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { dtypes, isFloat } from '../dtype.js';
import { ArgumentError, described, DTypeError, ShapeError, shown } from '../errors.js';
import type { Taps } from '../kernels/contract/resample.js';
import { resample } from '../ops/interpolate.js';
import { checkFits } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d } from './pool.js';
import { antialiasTaps, cubicTaps, linearTaps, nearestTaps, type Mapping } from './taps.js';

/** How positions between elements are filled. */
export type InterpolateMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'trilinear' | 'bicubic' | 'area';

/** Options of `interpolate`: exactly one of `size` and `scaleFactor`. */
export interface InterpolateOptions {
  /** Spatial sizes of the result. */
  readonly size?: number | readonly number[] | null;
  /** Result sizes as multiples of the input's, rounded down. */
  readonly scaleFactor?: number | readonly number[] | null;
  /** Default: 'nearest'. */
  readonly mode?: InterpolateMode;
  /** Map the centres of the corner elements onto each other, not the outer edges. For the linear and cubic modes. Default: false. */
  readonly alignCorners?: boolean | null;
  /** Compute the positions from the sizes, not from `scaleFactor`. Default: false. */
  readonly recomputeScaleFactor?: boolean | null;
  /** Widen the filter when shrinking. For 'bilinear' and 'bicubic'. Default: false. */
  readonly antialias?: boolean;
}

/** Spatial dims that a mode takes; null for one to three. */
const ranks: Readonly<Record<InterpolateMode, number | null>> = {
  nearest: null,
  'nearest-exact': null,
  area: null,
  linear: 1,
  bilinear: 2,
  bicubic: 2,
  trilinear: 3,
};

const eachDim = <T>(value: T | readonly T[], rank: number): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : Array<T>(rank).fill(value as T);

/** Output sizes and, per dim, the input positions per output position that the caller asked for. */
function sizesOf(
  x: Tensor,
  options: InterpolateOptions,
): { sizes: readonly number[]; steps: readonly (number | null)[] } {
  const { size = null, scaleFactor = null, recomputeScaleFactor } = options;
  const spatial = x.shape.slice(2);
  const rank = spatial.length;
  if ((size === null) === (scaleFactor === null))
    throw new ArgumentError(`interpolate: give either size or scaleFactor, got ${size === null ? 'neither' : 'both'}.`);
  const factors = scaleFactor === null ? null : eachDim(scaleFactor, rank);
  factors?.forEach((factor) => checkNumber('interpolate', 'scaleFactor', factor));
  const sizes = factors ? spatial.map((length, d) => Math.floor(length * (factors[d] ?? NaN))) : eachDim(size!, rank);
  if ((factors ?? sizes).length !== rank || !isIntegers(sizes, 1))
    throw new ArgumentError(
      `interpolate: ${factors ? 'scaleFactor' : 'size'} must give ${rank} positive sizes for x ${shown(x.shape)}, got ${described(size ?? scaleFactor)}.`,
    );
  if (spatial.some((length) => length === 0))
    throw new ShapeError(`interpolate: spatial sizes must not be 0, got ${shown(x.shape)}.`);
  checkFits('interpolate', [...x.shape.slice(0, 2), ...sizes], dtypes[x.dtype].bytes);
  return { sizes, steps: sizes.map((_, d) => (factors && !recomputeScaleFactor ? 1 / factors[d]! : null)) };
}

function tapsFor(mode: InterpolateMode, mapping: Mapping, antialias: boolean): Taps {
  if (mode === 'nearest' || mode === 'nearest-exact') return nearestTaps(mapping, mode === 'nearest-exact');
  if (antialias) return antialiasTaps(mapping, mode === 'bicubic' ? 'cubic' : 'linear');
  return mode === 'bicubic' ? cubicTaps(mapping) : linearTaps(mapping);
}

/**
 * Resizes the spatial dims of `[n, c, ...]`, as `torch.nn.functional.interpolate`.
 *
 * @throws ArgumentError for options that do not go together; ShapeError where x has another rank than the mode takes
 * @example
 * interpolate(image, { scaleFactor: 2, mode: 'bilinear', alignCorners: false });
 */
export function interpolate(x: Tensor, options: InterpolateOptions = {}): Tensor {
  checkTensor('interpolate', 'x', x);
  const { mode = 'nearest', antialias = false } = optionsOf('interpolate', options, [
    'size',
    'scaleFactor',
    'mode',
    'alignCorners',
    'recomputeScaleFactor',
    'antialias',
  ]);
  const alignCorners = options.alignCorners ?? null;
  checkChoice('interpolate', 'mode', mode, Object.keys(ranks));
  const rank = x.ndim - 2;
  const wanted = ranks[mode];
  if (rank < 1 || rank > 3 || (wanted !== null && rank !== wanted))
    throw new ShapeError(
      `interpolate: mode '${mode}' wants x of rank ${wanted === null ? '3 to 5' : wanted + 2}, got ${shown(x.shape)}.`,
    );
  if (wanted === null && alignCorners !== null)
    throw new ArgumentError(
      `interpolate: alignCorners is for linear, bilinear, trilinear and bicubic, not for '${mode}'.`,
    );
  if (antialias && mode !== 'bilinear' && mode !== 'bicubic')
    throw new ArgumentError(`interpolate: antialias is for bilinear and bicubic, not for '${mode}'.`);
  if (!isFloat(x.dtype) && mode !== 'nearest' && mode !== 'nearest-exact')
    throw new DTypeError(`interpolate: mode '${mode}' wants a floating tensor, got ${x.dtype}. Use to('float32').`);
  const { sizes, steps } = sizesOf(x, options);
  if (mode === 'area') return [adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d][rank - 1]!(x, sizes);
  const round = x.dtype === 'float64' ? (v: number): number => v : Math.fround;
  return sizes.reduce((y, count, d) => {
    const size = x.shape[d + 2]!;
    const mapping = { size, count, alignCorners: alignCorners ?? false, step: steps[d]!, round };
    return apply(resample, [y], { dim: d + 2, taps: tapsFor(mode, mapping, antialias), size });
  }, x);
}

function checkFactor(name: string, x: Tensor, what: string, factor: number): void {
  checkTensor(name, 'x', x);
  checkInteger(name, what, factor, 1);
}

/**
 * Moves channels into space: `[..., c * r^2, h, w]` to `[..., c, h * r, w * r]` (Shi et al. 2016).
 *
 * @throws ShapeError where the channels are not a multiple of `r^2`
 */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  checkFactor('pixelShuffle', x, 'upscaleFactor', upscaleFactor);
  const r = upscaleFactor;
  const [channels, h, w] = x.shape.slice(-3) as [number, number, number];
  if (x.ndim < 3 || channels % (r * r) !== 0)
    throw new ShapeError(
      `pixelShuffle: x must be [..., c, h, w] with c a multiple of ${r * r}, got ${shown(x.shape)}.`,
    );
  const lead = x.shape.slice(0, -3);
  const n = lead.length;
  const order = [...lead.map((_, d) => d), n, n + 3, n + 1, n + 4, n + 2];
  const c = channels / (r * r);
  return x
    .reshape([...lead, c, r, r, h, w])
    .permute(order)
    .reshape([...lead, c, h * r, w * r]);
}

/** Moves space into channels, the inverse of `pixelShuffle`: `[..., c, h * r, w * r]` to `[..., c * r^2, h, w]`. */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  checkFactor('pixelUnshuffle', x, 'downscaleFactor', downscaleFactor);
  const r = downscaleFactor;
  const [c, height, width] = x.shape.slice(-3) as [number, number, number];
  if (x.ndim < 3 || height % r !== 0 || width % r !== 0)
    throw new ShapeError(
      `pixelUnshuffle: x must be [..., c, h, w] with h and w multiples of ${r}, got ${shown(x.shape)}.`,
    );
  const lead = x.shape.slice(0, -3);
  const n = lead.length;
  const order = [...lead.map((_, d) => d), n, n + 2, n + 4, n + 1, n + 3];
  const [h, w] = [height / r, width / r];
  return x
    .reshape([...lead, c, h, r, w, r])
    .permute(order)
    .reshape([...lead, c * r * r, h, w]);
}

/** Mixes the groups of channels of `[n, c, ...]`: channel i of group g becomes channel g of the i-th run (Zhang et al. 2018). */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  checkFactor('channelShuffle', x, 'groups', groups);
  if (x.ndim < 3 || x.shape[1]! % groups !== 0)
    throw new ShapeError(
      `channelShuffle: x must be [n, c, ...] with c a multiple of ${groups}, got ${shown(x.shape)}.`,
    );
  const [n, c] = x.shape as [number, number];
  return x
    .reshape([n, groups, c / groups, ...x.shape.slice(2)])
    .transpose(1, 2)
    .reshape(x.shape);
}
