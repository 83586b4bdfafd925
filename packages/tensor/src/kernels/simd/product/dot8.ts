import { i32x4, v128, type Expr } from '../assembler/assembler.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import type { BytePair } from './gemm-i8.js';

/** A dot product of four bytes in each lane. */
export type Dot = (a: Expr<'v128'>, b: Expr<'v128'>, c: Expr<'v128'>) => Expr<'v128'>;

/** `c + s . u` for groups of four signed bytes `s` and unsigned ones `u`, exact on the machines that this is used on. */
export const dot: Dot = i32x4.relaxedDotI8x16I7x16Add;

/** The same with its operands exchanged. */
export const mirrored: Dot = (a, b, c) => dot(b, a, c);

/**
 * What is added to the bytes of A and of B, so that those of one are unsigned and those of the other signed. Unsigned ones of B by
 * signed ones of A are as good as the other way round.
 */
export const movedBy = (pair: BytePair): { a: number; b: number } => ({
  a: pair === 'signed-signed' ? 128 : 0,
  b: pair === 'unsigned-unsigned' ? -128 : 0,
});

/** Turns bytes into those that differ by 128: unsigned ones into signed ones and back. */
export const FLIP = 0x80808080 | 0;

const probe: Family = ({ module }) =>
  module.func('probe', ['i32', 'i32', 'i32'], (_f, a, b, out) =>
    v128.store(out, dot(v128.load(b), v128.load(a), v128.load(out))),
  );

/** What the dot product of four has to compute: unsigned bytes by signed ones, in int32 that wraps. */
function isExact(engine: SimdEngine): boolean {
  const { memory } = engine;
  let run: (...args: readonly number[]) => void;
  try {
    run = engine.load(probe)['probe']!;
  } catch {
    // No relaxed SIMD here.
    return false;
  }
  const extremes = [0, 1, 127, 128, 254, 255];
  memory.beginKernel();
  try {
    const [a, b, out] = [memory.scratch(16), memory.scratch(16), memory.scratch(16)];
    const [unsigned, signed, sums] = [memory.heap('uint8'), memory.heap('int8'), memory.heap('int32')];
    for (const start of [0, 2 ** 31 - 1, -(2 ** 31)])
      for (const x of extremes)
        for (const y of extremes)
          for (const z of extremes) {
            const wanted = new Int32Array(4).fill(start);
            for (let i = 0; i < 16; i++) {
              unsigned[a + i] = i % 2 === 0 ? x : z;
              signed[b + i] = i % 3 === 0 ? z : y;
              wanted[i >> 2]! += Math.imul(unsigned[a + i]!, signed[b + i]!);
            }
            sums.fill(start, out / 4, out / 4 + 4);
            run(a, b, out);
            if (wanted.some((sum, lane) => sums[out / 4 + lane] !== sum)) return false;
          }
    return true;
  } finally {
    memory.endKernel();
  }
}

const known = new WeakMap<SimdEngine, boolean>();

/**
 * Whether this machine's relaxed dot product of bytes gives exactly the products of unsigned and signed bytes. The standard
 * leaves it open; where it does, one instruction takes the place of several, and results are the same.
 */
export function dotsAreExact(engine: SimdEngine): boolean {
  let exact = known.get(engine);
  if (exact === undefined) known.set(engine, (exact = isExact(engine)));
  return exact;
}
