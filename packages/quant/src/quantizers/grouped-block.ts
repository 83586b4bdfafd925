import { defineOp, described, ShapeError, shown, tensor, type Shape, type Tensor } from '@q/tensor';
import { numel } from '@q/tensor/internal';
import { elementsOf } from '../elements.js';
import type { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import { fakeQuantizeOnGrid } from '../functional.js';
import { bitwidthOf, checkBitwidth, type Grid } from '../grid.js';
import { rint } from '../rounding.js';
import type { BlockSize } from '../spread.js';
import { DequantizedTensor } from '../tensor.js';
import { affineOptions, AffineQuantizerBase, type AffineQuantizerSettings } from './affine-base.js';

const { fround } = Math;

/** Options of `GroupedBlockQuantizeDequantize`. */
export interface GroupedBlockOptions extends AffineQuantizerSettings {
  /** Elements per block along each dim; -1 shares a dim out evenly. */
  readonly blockSize: BlockSize;
  /** Bits of the grid. */
  readonly bitwidth: number;
  /** Bits in which a value is held once its block's scale is applied: `bitwidth` plus those of the integer block scales. */
  readonly decompressedBw: number;
  /** Blocks per group along each dim, which share one float scale; -1 for all of them. Left out: 1 everywhere. */
  readonly blockGrouping?: BlockSize | null;
}

/** How the blocks of a shape form groups. */
interface Groups {
  /** Shape of the blocks. */
  readonly shape: Shape;
  /** Blocks per group along each dim. */
  readonly sizes: Shape;
  /** Integers that a block scale may be, from 1 on. */
  readonly levels: number;
}

/** Group of each block, both in row-major order. */
function groupOfBlocks({ shape, sizes }: Groups): { readonly of: Int32Array; readonly count: number } {
  const counts = shape.map((size, d) => size / sizes[d]!);
  const of = new Int32Array(numel(shape));
  for (let i = 0; i < of.length; i++) {
    let group = 0;
    for (let d = 0, rest = i, stride = of.length; d < shape.length; d++) {
      stride /= shape[d]!;
      group = group * counts[d]! + Math.floor(Math.floor(rest / stride) / sizes[d]!);
      rest %= stride;
    }
    of[i] = group;
  }
  return { of, count: numel(counts) };
}

const clamped = (x: number, low: number, high: number): number => (x < low ? low : x > high ? high : x);

/** The scale of each group, the largest of its blocks' over the number of levels, and the integer scale of each block before clamping. */
function gridOf(
  scales: ArrayLike<number>,
  groups: Groups,
): { readonly of: Int32Array; readonly steps: Float32Array; readonly integers: Float32Array } {
  const { of, count } = groupOfBlocks(groups);
  const steps = new Float32Array(count).fill(-Infinity);
  for (let i = 0; i < of.length; i++) steps[of[i]!] = Math.max(steps[of[i]!]!, scales[i]!);
  for (let g = 0; g < count; g++) steps[g] = steps[g]! / groups.levels;
  return { of, steps, integers: Float32Array.from(of, (g, i) => rint(fround(scales[i]! / steps[g]!))) };
}

/**
 * Block scales rounded to multiples 1 ... levels of a scale that their group shares. The rounding passes gradients straight
 * through; the group's scale is a maximum, whose gradient blocks that tie share.
 */
const groupedScale = defineOp<readonly [Tensor], Groups>({
  name: 'groupedScale',
  transient: true,
  forward: ([scale], groups) => {
    const { of, steps, integers } = gridOf(elementsOf(scale)[0], groups);
    return tensor(
      integers.map((q, i) => clamped(q, 1, groups.levels) * steps[of[i]!]!),
      { shape: scale.shape },
    );
  },
  backward: (grad, [scale], _y, groups) => {
    const [upstream, scales] = elementsOf(grad, scale);
    const { of, steps, integers } = gridOf(scales, groups);
    const result = new Float32Array(of.length);
    const dsteps = new Float64Array(steps.length);
    const ties = new Float64Array(steps.length);
    const isLargest = (i: number): boolean => fround(scales[i]! / groups.levels) === steps[of[i]!]!;
    for (let i = 0; i < of.length; i++) {
      const g = of[i]!;
      const inside = integers[i]! >= 1 && integers[i]! <= groups.levels;
      if (inside) result[i] = upstream[i]!;
      const ratio = fround(scales[i]! / steps[g]!) * Number(inside);
      dsteps[g]! += fround(upstream[i]! * fround(clamped(integers[i]!, 1, groups.levels) - ratio));
      if (isLargest(i)) ties[g]!++;
    }
    // A group that holds NaN has no largest block: its gradients are NaN, as those of torch's amax.
    for (let i = 0; i < of.length; i++) {
      const dlargest = fround(dsteps[of[i]!]! / groups.levels) * Number(isLargest(i));
      result[i] = result[i]! + fround(dlargest / ties[of[i]!]!);
    }
    return [tensor(result, { shape: scale.shape })];
  },
});

/**
 * Low power blockwise quantization (LPBQ): symmetric block-wise quantize-dequantize whose block scales are small integers
 * times a float scale per group of blocks, so that hardware can hold the values in `decompressedBw` bits per group.
 */
export class GroupedBlockQuantizeDequantize extends AffineQuantizerBase {
  declare readonly blockSize: BlockSize;
  /** Bits of the grid on which scales of a group are integers. */
  readonly decompressedBw: number;
  /** Blocks per dim that share one float scale. */
  readonly blockGrouping: BlockSize;

  constructor(options: GroupedBlockOptions) {
    const name = 'GroupedBlockQuantizeDequantize';
    AffineQuantizerBase.check(name, options, [
      ...affineOptions.filter((key) => key !== 'qmin' && key !== 'qmax'),
      'decompressedBw',
      'blockGrouping',
    ]);
    const { decompressedBw, blockGrouping = null, ...rest } = options;
    if (rest.symmetric !== true)
      throw new QuantizationError(`${name}: quantizes symmetrically only, got symmetric=${described(rest.symmetric)}.`);
    if (rest.blockSize === undefined || rest.blockSize === null)
      throw new QuantizationError(`${name}: needs a blockSize. Use QuantizeDequantize without blocks.`);
    checkBitwidth(`${name}: decompressedBw`, decompressedBw);
    super(rest);
    if (decompressedBw < this.bitwidth)
      throw new QuantizationError(
        `${name}: decompressedBw ${decompressedBw} must not be smaller than bitwidth ${this.bitwidth}.`,
      );
    this.decompressedBw = decompressedBw;
    this.blockGrouping = checkedGrouping(name, blockGrouping, this.shape);
  }

  /** The scale that the blocks of a group share, in a shape where groups and blocks are dims of their own: [groups, 1, ...]. */
  getPerChannelScale(): Tensor | null {
    if (!this.isInitialized()) return null;
    const { steps } = gridOf(this.blockScales(), this.groups());
    return tensor(steps, { shape: this.shape.flatMap((size, d) => [size / this.groups().sizes[d]!, 1]) });
  }

  /** The integer that multiplies the group's scale, per block; int32. */
  getPerBlockIntegerScale(): Tensor<'int32'> | null {
    if (!this.isInitialized()) return null;
    const groups = this.groups();
    const { integers } = gridOf(this.blockScales(), groups);
    return tensor(
      Int32Array.from(integers, (q) => clamped(q, 1, groups.levels)),
      { shape: this.shape, dtype: 'int32' },
    );
  }

  protected override checkGrid(grid: Grid, symmetric: boolean): void {
    const name = this.constructor.name;
    if (!symmetric) throw new QuantizationError(`${name}: quantizes symmetrically only.`);
    const bitwidth = bitwidthOf(name, grid);
    if (bitwidth > this.decompressedBw)
      throw new QuantizationError(
        `${name}: bitwidth ${bitwidth} must not be larger than decompressedBw ${this.decompressedBw}.`,
      );
  }

  protected override settings(): GroupedBlockOptions {
    const { shape, symmetric, blockSize, decompressedBw, blockGrouping, bitwidth } = this;
    const { encodingAnalyzer } = super.settings();
    return { shape, symmetric, blockSize, encodingAnalyzer, bitwidth, decompressedBw, blockGrouping };
  }

  override extraRepr(): string {
    return `${super.extraRepr()}, decompressed_bw=${this.decompressedBw}, block_grouping=(${this.blockGrouping.join(', ')})`;
  }

  protected override refined(scale: Tensor): Tensor {
    return groupedScale(scale, this.groups());
  }

  override quantize(x: Tensor): DequantizedTensor {
    return this.quantizeAs(x, this.needed());
  }

  protected override quantizeAs(x: Tensor, encoding: AffineEncoding): DequantizedTensor {
    const { scale, offset, blockSize, grid } = encoding;
    return new DequantizedTensor(
      fakeQuantizeOnGrid(x, scale, offset, grid, blockSize, 'GroupedBlockQuantizeDequantize'),
      encoding,
    );
  }

  /** Scales of the blocks before they are rounded. */
  private blockScales(): Float32Array {
    const [lows, highs] = elementsOf(this.min, this.max);
    const n = fround(this.numSteps);
    return Float32Array.from({ length: lows.length }, (_, i) => fround(highs[i]! - lows[i]!) / n);
  }

  private groups(): Groups {
    const sizes = this.blockGrouping.map((size, d) => (size === -1 ? this.shape[d]! : size));
    return { shape: this.shape, sizes, levels: 2 ** (this.decompressedBw - this.bitwidth) };
  }
}

function checkedGrouping(name: string, grouping: BlockSize | null, shape: Shape): number[] {
  if (grouping !== null && !Array.isArray(grouping))
    throw new ShapeError(`${name}: blockGrouping must be an array, got ${described(grouping)}.`);
  const sizes: number[] = grouping === null ? shape.map(() => 1) : [...grouping];
  if (sizes.length !== shape.length)
    throw new ShapeError(
      `${name}: blockGrouping ${shown(sizes)} needs one entry per dim of the shape ${shown(shape)}.`,
    );
  sizes.forEach((size, d) => {
    if (size !== -1 && (!Number.isSafeInteger(size) || size < 1 || shape[d]! % size !== 0))
      throw new ShapeError(
        `${name}: blockGrouping ${shown(sizes)} does not divide the shape ${shown(shape)} evenly in dim ${d}.`,
      );
  });
  return sizes;
}
