import { v128 } from '../assembler/assembler.js';
import type { Lockstep, Wide } from './lockstep.js';

/** Sine and cosine are right up to here: quadrants times a part of pi / 2 are exact up to 2^13 of them. */
export const LARGEST_ANGLE = 12_800;

/** pi / 2 in parts of 11 bits, and the rest (Cody and Waite, 1980). */
const [HALF_PI_1, HALF_PI_2, HALF_PI_3, HALF_PI_4] = [
  1.5703125, 4.837512969970703e-4, 7.549533620476723e-8, 2.5633440682570896e-12,
];

/** Adding and subtracting 1.5 * 2^23 rounds to an integer, which then stands in the low bits of the sum. */
const ROUNDER = 12582912;

/** Minimax polynomials for |r| <= pi / 4 (Cephes' sinf): (sin r - r) / r^3 and (cos r - 1 + r^2 / 2) / r^4, by powers of r^2. */
const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1];
const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2];

/** |x| = n pi / 2 + r with |r| <= pi / 4, r to half an ulp of its own: r, and n in the low bits of `shifted`. */
function reduced(code: Lockstep, x: Wide): { shifted: Wide; r: Wide } {
  const size = code.abs(x);
  const shifted = code.madd(size, 2 / Math.PI, ROUNDER);
  const n = code.sub(shifted, ROUNDER);
  const near = code.sub(code.sub(size, code.mul(n, HALF_PI_1!)), code.mul(n, HALF_PI_2!));
  const third = code.mul(n, HALF_PI_3!);
  const r = code.sub(near, third);
  // What rounding took from that difference, and the last part.
  const rest = code.sub(code.sub(code.sub(near, r), third), code.mul(n, HALF_PI_4!));
  return { shifted, r: code.add(r, rest) };
}

/** sin(r + n pi / 2): the sine or cosine of r, n odd, with the sign of n's second bit turned by `sign`. */
function ofQuadrant(code: Lockstep, r: Wide, n: Wide, sign: Wide | null): Wide {
  const square = code.mul(r, r);
  const sine = code.madd(code.mul(square, r), code.polynomial(square, SIN), r);
  const bent = code.mul(code.mul(square, square), code.polynomial(square, COS));
  const cosine = code.add(bent, code.madd(square, -0.5, 1));
  const odd = code.shiftRight(code.shiftLeft(n, 31), 31);
  const negative = code.signOf(code.shiftLeft(n, 30));
  const value = code.step(v128.xor, code.choose(odd, cosine, sine), negative);
  return sign ? code.step(v128.xor, value, sign) : value;
}

/** sin x for |x| <= LARGEST_ANGLE; at most 2 ulp. */
export function sine(code: Lockstep, x: Wide): Wide {
  const { shifted, r } = reduced(code, x);
  return ofQuadrant(code, r, shifted, code.signOf(x));
}

/** cos x for |x| <= LARGEST_ANGLE; at most 2 ulp. */
export function cosine(code: Lockstep, x: Wide): Wide {
  const { shifted, r } = reduced(code, x);
  return ofQuadrant(code, r, code.addBits(shifted, code.bits(1)), null);
}
