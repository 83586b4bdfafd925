import { isIntegers } from '../arguments.js';
import { ArgumentError, described, ShapeError, shown } from '../errors.js';
import type { Reach } from '../kernels/contract/pool.js';
import { checkFits, type Shape } from '../shape.js';
import { perDim, type PerDim } from './spatial.js';

/** Options that say where the windows of a pool lie. */
export interface WindowOptions {
  readonly stride?: PerDim | null;
  readonly padding?: PerDim;
  readonly dilation?: PerDim;
  readonly ceilMode?: boolean;
  readonly countIncludePad?: boolean;
}

/** Output sizes of an adaptive pool: one for all dims or one per dim, null for the input's size. */
export type AdaptiveSize = number | readonly (number | null)[];

/** Windows of a pool over `sizes`. */
export interface PoolWindows {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly ceilMode: boolean;
  /** Whether the length of a window counts the padding that it covers. */
  readonly countPadding: boolean;
}

/** The windows that checked options describe. */
export function windowsOf(name: string, rank: number, kernelSize: PerDim, options: WindowOptions): PoolWindows {
  const { stride, padding = 0, dilation = 1, ceilMode = false, countIncludePad = true } = options;
  const kernel = perDim(name, 'kernelSize', kernelSize, rank, 1);
  const sides = perDim(name, 'padding', padding, rank, 0);
  sides.forEach((side, d) => {
    if (side > Math.floor(kernel[d]! / 2))
      throw new ArgumentError(
        `${name}: padding ${side} is more than half of the kernel size ${kernel[d]} (dim ${d}). Pad the input with pad().`,
      );
  });
  return {
    kernel,
    stride: perDim(name, 'stride', stride ?? kernel, rank, 1),
    padding: sides,
    dilation: perDim(name, 'dilation', dilation, rank, 1),
    ceilMode,
    countPadding: countIncludePad,
  };
}

/** What each output position sees of dims of the given sizes. */
export function reachesOf(name: string, sizes: readonly number[], windows: PoolWindows): Reach[] {
  return sizes.map((size, d) => {
    const [kernel, stride, pad, step] = [
      windows.kernel[d]!,
      windows.stride[d]!,
      windows.padding[d]!,
      windows.dilation[d]!,
    ];
    const free = size + 2 * pad - step * (kernel - 1) - 1;
    let count = Math.floor((free + (windows.ceilMode ? stride - 1 : 0)) / stride) + 1;
    // The last window must start inside the input or its left padding.
    if (windows.ceilMode && (count - 1) * stride >= size + pad) count--;
    if (count < 1)
      throw new ShapeError(
        `${name}: a window of ${shown(windows.kernel)} does not fit the input ${shown(sizes)} (dim ${d}). Add padding or pool less.`,
      );
    checkFits(name, [count], Int32Array.BYTES_PER_ELEMENT);
    const starts = new Int32Array(count);
    const ends = new Int32Array(count);
    const lengths = new Int32Array(count);
    for (let o = 0; o < count; o++) {
      const first = o * stride - pad;
      const last = Math.min(first + step * (kernel - 1) + 1, size + pad);
      starts[o] = first < 0 ? first + step * Math.ceil(-first / step) : first;
      ends[o] = Math.min(last, size);
      lengths[o] = windows.countPadding ? last - first : ends[o]! - starts[o]!;
    }
    return { starts, ends, lengths, step };
  });
}

/**
 * Regions that divide the spatial dims of `shape`, `[n, c, ...]`, into `output` parts as evenly as integers allow; neighbours may
 * share elements.
 */
export function adaptiveReaches(name: string, rank: number, shape: Shape, output: AdaptiveSize): Reach[] {
  const sizes = shape.slice(2);
  const wanted: unknown = typeof output === 'number' ? Array<number>(rank).fill(output) : output;
  const counts = Array.isArray(wanted) ? sizes.map((size, d): unknown => wanted[d] ?? size) : null;
  if (!isIntegers(counts, 0) || (wanted as readonly unknown[]).length !== rank)
    throw new ArgumentError(
      `${name}: outputSize must be one size or ${rank} of them (null for the input's), got ${described(output)}.`,
    );
  checkFits(name, [...shape.slice(0, 2), ...counts], Float32Array.BYTES_PER_ELEMENT);
  return sizes.map((size, d) => {
    const count = counts[d]!;
    if (size === 0) throw new ShapeError(`${name}: spatial sizes must not be 0, got ${shown(sizes)}.`);
    const [starts, lengths, ends] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
    for (let o = 0; o < count; o++) {
      starts[o] = Math.floor((o * size) / count);
      ends[o] = Math.ceil(((o + 1) * size) / count);
      lengths[o] = ends[o]! - starts[o]!;
    }
    return { starts, ends, lengths, step: 1 };
  });
}
