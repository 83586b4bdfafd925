import type { HalfDType } from '../../dtype.js';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The number that 16 bits of a half precision dtype stand for. */
export const readHalf: Record<HalfDType, (x: number) => number> = {
  float16(x) {
    const sign = x & 0x8000 ? -1 : 1;
    const exponent = (x >> 10) & 31;
    const fraction = x & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  },
  bfloat16(x) {
    bits[0] = x << 16;
    return float[0]!;
  },
};

/** The 16 bits nearest to a number, ties to even; too large becomes infinite. Rounds to float32 first, as a cast of a float32 tensor does. */
export const writeHalf: Record<HalfDType, (x: number) => number> = {
  float16(x) {
    x = Math.fround(x);
    if (Number.isNaN(x)) return 0x7e00;
    const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
    const size = Math.abs(x);
    if (size >= 65520) return sign | 0x7c00;
    if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24);
    const exponent = Math.floor(Math.log2(size));
    // log2 may land on the neighbour at a power of two: the fraction tells.
    const e = size >= 2 ** (exponent + 1) ? exponent + 1 : size < 2 ** exponent ? exponent - 1 : exponent;
    return sign | (roundEven((size / 2 ** e - 1) * 1024) + ((e + 15) << 10));
  },
  bfloat16(x) {
    float[0] = x;
    if (Number.isNaN(x)) return 0x7fc0;
    const u = bits[0]!;
    return (u + 0x7fff + ((u >>> 16) & 1)) >>> 16;
  },
};

function roundEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
