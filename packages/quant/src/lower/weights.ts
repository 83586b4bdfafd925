import { noGrad, tensor, unpackHalves, type HalfByteWeight, type Tensor } from '@q/tensor';
import { numel } from '@q/tensor/internal';
import { elementsOf } from '../elements.js';
import { AffineEncoding } from '../encodings/affine.js';
import { largestSum } from '../kernels/bounds.js';
import { packRows } from '../kernels/nibbles.js';
import { GroupedBlockQuantizeDequantize } from '../quantizers/grouped-block.js';
import type { QuantizerBase } from '../quantizers/quantizer.js';

/**
 * A weight `[out, in / groups, ...kernel]` as integers, as it lies in memory: `(values - zero) * scale`, with a scale and a zero for
 * every output channel. Along its inputs it may fall into blocks of equal size, which multiply their values once more.
 */
export interface IntegerWeight {
  readonly shape: readonly number[];
  /** int8 or uint8 of that shape; `halved`, uint8 `[out, ceil(rest / 2)]` with two values a byte. */
  readonly values: Tensor;
  readonly halved: boolean;
  /** Bits that each value needs, and whether it has a sign. */
  readonly bits: number;
  readonly signed: boolean;
  readonly scale: Float32Array;
  /** int32; null where all are 0. */
  readonly zero: Int32Array | null;
  /** Integers that multiply the values of a block, uint8 `[out, blocks]`; their products fit 8 bits. Null for none. */
  readonly factors: Tensor | null;
  /** Scales of blocks, float32 `[blocks, out]`; null for none. */
  readonly blockScales: Tensor | null;
}

/** An integer weight, or the reason why there is none. */
export type Packed = { readonly weight: IntegerWeight } | { readonly why: string };

/** A weight before it is packed: its values are int8 or uint8 of its shape. */
type Loose = Omit<IntegerWeight, 'shape' | 'signed' | 'halved'>;

/** Bits of values of which two share a byte. */
const HALF = 4;

/** Values of a block with a factor that kernels of halves take at a time. */
const STEP = 16;

/** Whether rows of `size` values may lie two a byte: no two blocks share one, and blocks with factors consist of whole steps. */
export const halves = (size: number, factors: number, blockScales: number): boolean =>
  (factors === 0 || (size / factors) % STEP === 0) && (blockScales <= 1 || (size / blockScales) % 2 === 0);

/** A weight whose output channels are dim 0 as it lies in memory. Only halves of bytes keep their factors: bytes have room for products. */
function resident(loose: Loose): IntegerWeight {
  const { values, factors, blockScales, bits } = loose;
  const { shape } = values;
  const halved = bits <= HALF && halves(numel(shape.slice(1)), factors?.shape[1] ?? 0, blockScales?.shape[0] ?? 0);
  const signed = values.dtype === 'int8';
  if (!halved) return { ...multiplied(loose, 0), shape, signed, halved };
  return { ...loose, shape, signed, halved, values: packRows(values.reshape([shape[0]!, -1])) };
}

/** Entries of a scale for `channels` along dim `axis`: one for all, or one each; null for any other shape. */
function perChannel(entries: Tensor, shape: readonly number[], axis: number): Float32Array | null {
  const channels = shape[axis]!;
  const [values] = elementsOf(entries.detach());
  if (values.length === 1) return new Float32Array(channels).fill(values[0]!);
  const fits = entries.ndim === shape.length && entries.shape.every((size, d) => size === (d === axis ? channels : 1));
  return fits ? Float32Array.from(values) : null;
}

/** Bits of the smallest signed or unsigned grid that holds the values of another. */
const bitsOf = ({ qmin, qmax }: AffineEncoding): number =>
  qmin >= 0 ? Math.ceil(Math.log2(qmax + 1)) : 1 + Math.ceil(Math.log2(Math.max(-qmin, qmax + 1)));

const isUsual = (steps: Float32Array): boolean => steps.every((step) => step > 0 && Number.isFinite(step));

/**
 * The integers of a parameter whose output channels lie along dim `axis`, of a transposed convolution's in so many `groups`. Block
 * scales that are small integers times a scale per channel (LPBQ) remain integers.
 */
export function packed(parameter: Tensor, quantizer: QuantizerBase, groups: number | null): Packed {
  return noGrad(() => {
    const axis = groups === null ? 0 : 1;
    const encoding = quantizer.getEncoding();
    if (!(encoding instanceof AffineEncoding)) return { why: 'its weight is not on an integer grid' };
    if (encoding.qmin < -128 || encoding.qmax > 255 || encoding.numSteps > 255)
      return { why: 'its weight has more than 8 bits' };
    const values = encoding.quantize(parameter.detach()).to(encoding.dtype);
    const loose =
      encoding.blockSize !== null ? inBlocks(values, encoding, quantizer, axis) : onChannels(values, encoding, axis);
    if ('why' in loose) return loose;
    if (groups === null) return { weight: resident(loose) };
    return loose.blockScales !== null
      ? { why: 'its weight has block scales, which transposed convolutions have no kernel for' }
      : { weight: resident(turned(multiplied(loose, 1), groups)) };
  });
}

function onChannels(values: Tensor, encoding: AffineEncoding, axis: number): Loose | { readonly why: string } {
  const scale = perChannel(encoding.scale, values.shape, axis);
  const offset = perChannel(encoding.offset.broadcastTo(encoding.scale.shape), values.shape, axis);
  if (scale === null || offset === null)
    return { why: 'its weight is quantized neither per tensor nor per output channel nor in blocks of its inputs' };
  if (!isUsual(scale) || !offset.every((zero) => Math.abs(zero) < 2 ** 15))
    return { why: 'its weight has scales or offsets that are no ordinary numbers' };
  const zero = offset.some((shift) => shift !== 0) ? Int32Array.from(offset, (shift) => -shift) : null;
  return { values, scale, zero, bits: bitsOf(encoding), factors: null, blockScales: null };
}

/** One scale for each of some blocks of the inputs of each output channel (or of all). */
function inBlocks(
  values: Tensor,
  encoding: AffineEncoding,
  quantizer: QuantizerBase,
  axis: number,
): Loose | { readonly why: string } {
  const { shape } = values;
  const [channels, inputs] = [shape[axis]!, 1 - axis];
  const sizes = encoding.scale.shape;
  const blocks = sizes[inputs] ?? 1;
  const fits =
    sizes.length === shape.length &&
    (sizes[axis] === channels || sizes[axis] === 1) &&
    sizes.every((size, d) => d === axis || d === inputs || size === 1);
  if (!fits) return { why: 'its weight has blocks of something else than its inputs' };
  if (elementsOf(encoding.offset.detach())[0].some((offset) => offset !== 0))
    return { why: 'its weight has blocks with offsets. Quantize it symmetrically' };
  const common = { values, zero: null, bits: bitsOf(encoding) };
  if (quantizer instanceof GroupedBlockQuantizeDequantize && quantizer.decompressedBw <= 8) {
    const [group, integers] = [quantizer.getPerChannelScale()!, quantizer.getPerBlockIntegerScale()!];
    // Groups appear as [groups, 1] per dim: those along the inputs must be one.
    const groups = group.shape.filter((_, d) => d % 2 === 0);
    if (groups[inputs] === 1 && sizes[axis] === channels) {
      const factors = integers.reshape(axis === 0 ? [channels, blocks] : [blocks, channels]);
      return {
        ...common,
        scale: Float32Array.from(elementsOf(group.detach())[0]),
        factors: (axis === 0 ? factors : factors.T).contiguous().to('uint8'),
        blockScales: null,
      };
    }
  }
  const scales = encoding.scale
    .detach()
    .to('float32')
    .reshape(axis === 0 ? [sizes[0]!, blocks] : [blocks, sizes[1]!]);
  const byBlock = (axis === 0 ? scales.T : scales).broadcastTo([blocks, channels]).contiguous();
  if (!isUsual(Float32Array.from(elementsOf(byBlock)[0])))
    return { why: 'its weight has scales that are no ordinary numbers' };
  return { ...common, scale: new Float32Array(channels).fill(1), factors: null, blockScales: byBlock };
}

/** A weight, its output channels along dim `axis`, with its factors multiplied into its values, which takes 8 bits. */
function multiplied(loose: Loose, axis: number): Loose {
  const { values, factors } = loose;
  if (factors === null) return loose;
  const spread = factors.repeatInterleave(values.shape[1 - axis]! / factors.shape[1]!, { dim: 1 });
  const aligned = (axis === 0 ? spread : spread.T).reshape(values.shape.map((size, d) => (d < 2 ? size : 1)));
  return { ...loose, values: values.to('int32').mul(aligned).to('int8'), factors: null, bits: 8 };
}

/** Entries per channel of one group, for the channels of all. */
const perGroup = <T extends ArrayLike<number>>(entries: T, groups: number): number[] =>
  Array.from({ length: groups }, () => Array.from(entries)).flat();

/** The weight `[in, out / groups, ...]` of a transposed convolution as that of the convolution that computes it: `[out, in / groups, ...]`. */
function turned(loose: Loose, groups: number): Loose {
  const { values, scale, zero } = loose;
  const [inputs, outputs, ...kernel] = values.shape as [number, number, ...number[]];
  return {
    ...loose,
    values: values
      .reshape([groups, inputs / groups, outputs, ...kernel])
      .permute([0, 2, 1, ...kernel.map((_, d) => d + 3)])
      .reshape([groups * outputs, inputs / groups, ...kernel])
      .flip(kernel.map((_, d) => d + 2))
      .contiguous(),
    scale: Float32Array.from(perGroup(scale, groups)),
    zero: zero === null ? null : Int32Array.from(perGroup(zero, groups)),
  };
}

/** A weight of 4 bits as kernels of linear layers take it. */
export const halvesOf = ({ values, signed, factors }: IntegerWeight): HalfByteWeight => ({
  halves: values,
  signed,
  factors,
});

/** The values as bytes of the weight's shape, times their factors; halves are unpacked for this use. */
export const bytesOf = (weight: IntegerWeight): Tensor =>
  weight.halved ? unpackHalves(halvesOf(weight), numel(weight.shape.slice(1))).reshape(weight.shape) : weight.values;

/** What bounds the accumulators of a weight per unit of input. */
export const boundOf = (weight: IntegerWeight): number =>
  largestSum(bytesOf(weight), weight.zero, weight.blockScales?.shape[0]);

/** Zero points as a tensor, or 0. */
export const zerosOf = ({ zero }: IntegerWeight): Tensor | number =>
  zero === null ? 0 : tensor(zero, { dtype: 'int32' });
