import type { HalfDType } from '../../dtype.js';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Bits of a float32: of 1/2, of 2^-14 (the smallest normal float16), of 2^16 (more than any float16), and of infinity. */
const [HALF, NORMAL, LARGE, INFINITE] = [0x3f000000, 0x38800000, 0x47800000, 0x7f800000];

/** What the exponents of float32 and float16 differ by, at the exponent's place in a float32. */
const REBIAS = 112 << 23;

/** The number that 16 bits of a half precision dtype stand for. */
export const readHalf: Record<HalfDType, (x: number) => number> = {
  float16(x) {
    const exponent = x & 0x7c00;
    if (exponent === 0) return (x & 0x8000 ? -(2 ** -24) : 2 ** -24) * (x & 1023);
    const size = (x & 0x7fff) << 13;
    bits[0] = ((x & 0x8000) << 16) | (exponent === 0x7c00 ? INFINITE | size : size + REBIAS);
    return float[0]!;
  },
  bfloat16(x) {
    bits[0] = x << 16;
    return float[0]!;
  },
};

/** The 16 bits nearest to a number, ties to even; too large becomes infinite. Rounds to float32 first, as a cast of a float32 tensor does. */
export const writeHalf: Record<HalfDType, (x: number) => number> = {
  float16(x) {
    float[0] = x;
    const sign = (bits[0]! >>> 16) & 0x8000;
    const size = bits[0]! & 0x7fffffff;
    if (size >= LARGE) return size > INFINITE ? 0x7e00 : sign | 0x7c00;
    if (size >= NORMAL) return sign | ((size - REBIAS + 0xfff + ((size >>> 13) & 1)) >>> 13);
    // Next to 1/2 a float32 is a multiple of 2^-24, as the smallest float16 are: the sum rounds.
    float[0] = Math.abs(float[0]!) + 0.5;
    return sign | (bits[0]! - HALF);
  },
  bfloat16(x) {
    float[0] = x;
    if (Number.isNaN(x)) return 0x7fc0;
    const u = bits[0]!;
    return (u + 0x7fff + ((u >>> 16) & 1)) >>> 16;
  },
};
