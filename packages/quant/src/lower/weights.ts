import { noGrad, tensor, type Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';
import { AffineEncoding } from '../encodings/affine.js';
import { GroupedBlockQuantizeDequantize } from '../quantizers/grouped-block.js';
import type { QuantizerBase } from '../quantizers/quantizer.js';

/** A weight as integers: `(values - zero) * scale`, with a scale and a zero for every output channel, which are its dim 0. */
export interface IntegerWeight {
  /** int8 or uint8. */
  readonly values: Tensor;
  readonly scale: Float32Array;
  /** int32; null where all are 0. */
  readonly zero: Int32Array | null;
  /** Bits that each value needs. */
  readonly bits: number;
}

/** An integer weight, or the reason why there is none. */
export type Packed = { readonly weight: IntegerWeight } | { readonly why: string };

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

/**
 * The integers of a parameter whose output channels lie along dim `axis`. Block scales that are small integers times a scale per
 * channel (LPBQ) are multiplied into the values.
 */
export function packed(parameter: Tensor, quantizer: QuantizerBase, axis: number): Packed {
  return noGrad(() => {
    const encoding = quantizer.getEncoding();
    if (!(encoding instanceof AffineEncoding)) return { why: 'its weight is not on an integer grid' };
    if (encoding.qmin < -128 || encoding.qmax > 255 || encoding.numSteps > 255)
      return { why: 'its weight has more than 8 bits' };
    const values = encoding.quantize(parameter.detach()).to(encoding.dtype);
    if (encoding.blockSize !== null) return decompressed(values, encoding, quantizer, axis);
    const scale = perChannel(encoding.scale, values.shape, axis);
    const offset = perChannel(encoding.offset.broadcastTo(encoding.scale.shape), values.shape, axis);
    if (scale === null || offset === null)
      return { why: 'its weight is quantized neither per tensor nor per output channel' };
    if (!scale.every((step) => step > 0 && Number.isFinite(step)) || !offset.every((zero) => Math.abs(zero) < 2 ** 15))
      return { why: 'its weight has scales or offsets that are no ordinary numbers' };
    const zero = offset.some((shift) => shift !== 0) ? Int32Array.from(offset, (shift) => -shift) : null;
    return { weight: { values, scale, zero, bits: bitsOf(encoding) } };
  });
}

function decompressed(values: Tensor, encoding: AffineEncoding, quantizer: QuantizerBase, axis: number): Packed {
  const why =
    'its weight has block scales that are no integer multiples (up to 8 bits) of one scale per output channel';
  if (!(quantizer instanceof GroupedBlockQuantizeDequantize) || quantizer.decompressedBw > 8) return { why };
  const [group, integers] = [quantizer.getPerChannelScale(), quantizer.getPerBlockIntegerScale()];
  const leading = values.ndim - encoding.scale.ndim;
  if (group === null || integers === null || leading !== 0) return { why };
  // Groups appear as [groups, 1] per dim: all along the channels, one along every other dim.
  const groups = group.shape.filter((_, d) => d % 2 === 0);
  if (groups.some((count, d) => count !== (d === axis ? values.shape[d] : 1))) return { why };
  let factors: Tensor = integers;
  for (const [d, size] of values.shape.entries()) {
    const repeats = size / factors.shape[d]!;
    if (repeats > 1) factors = factors.repeatInterleave(repeats, { dim: d });
  }
  const products = values.to('int32').mul(factors).to('int8');
  return {
    weight: {
      values: products,
      scale: Float32Array.from(elementsOf(group.detach())[0]),
      zero: null,
      bits: quantizer.decompressedBw,
    },
  };
}

/** Entries per channel of one group, for the channels of all. */
const perGroup = <T extends ArrayLike<number>>(entries: T, groups: number): number[] =>
  Array.from({ length: groups }, () => Array.from(entries)).flat();

/** The weight `[in, out / groups, ...]` of a transposed convolution as that of the convolution that computes it: `[out, in / groups, ...]`. */
export function turned({ values, scale, zero, bits }: IntegerWeight, groups: number): IntegerWeight {
  const [inputs, outputs, ...kernel] = values.shape as [number, number, ...number[]];
  return {
    values: values
      .reshape([groups, inputs / groups, outputs, ...kernel])
      .permute([0, 2, 1, ...kernel.map((_, d) => d + 3)])
      .reshape([groups * outputs, inputs / groups, ...kernel])
      .flip(kernel.map((_, d) => d + 2))
      .contiguous(),
    scale: Float32Array.from(perGroup(scale, groups)),
    zero: zero === null ? null : Int32Array.from(perGroup(zero, groups)),
    bits,
  };
}

/** The largest sum of magnitudes of the centred values of one output channel (dim 0): bounds its accumulator per unit of input. */
export function largestSum({ values, zero }: IntegerWeight): number {
  const [q] = elementsOf(values);
  const size = q.length / values.shape[0]!;
  let most = 0;
  for (let c = 0, i = 0; c < values.shape[0]!; c++) {
    const centre = zero === null ? 0 : zero[c]!;
    let sum = 0;
    for (const end = i + size; i < end; i++) sum += Math.abs(q[i]! - centre);
    most = Math.max(most, sum);
  }
  return most;
}

/** Zero points as a tensor, or 0. */
export const zerosOf = ({ zero }: IntegerWeight): Tensor | number =>
  zero === null ? 0 : tensor(zero, { dtype: 'int32' });
