import { i16x8, i32x4, v128 } from '../../../../src/kernels/simd/assembler/assembler.js';
import type { Dot } from '../../../../src/kernels/simd/product/dot8.js';

/** What the relaxed dot product gives where it is used, in instructions that every engine has. */
export const dot: Dot = (signed, unsigned, sum) => {
  const low = i32x4.dotI16x8(i16x8.extendLowS(signed), i16x8.extendLowU(unsigned));
  const high = i32x4.dotI16x8(i16x8.extendHighS(signed), i16x8.extendHighU(unsigned));
  const pairs = i32x4.add(v128.shuffle32(low, high, [0, 2, 4, 6]), v128.shuffle32(low, high, [1, 3, 5, 7]));
  return i32x4.add(sum, pairs);
};

export const mirrored: Dot = (a, b, c) => dot(b, a, c);
