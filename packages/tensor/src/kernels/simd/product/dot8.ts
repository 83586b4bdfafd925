import { i32x4, v128, type Expr } from '../assembler/assembler.js';
import type { Family, SimdEngine } from '../engine/engine.js';

const probe: Family = ({ module }) =>
  module.func('probe', ['i32', 'i32', 'i32'], (_f, a, b, out) =>
    v128.store(out, i32x4.relaxedDotI8x16I7x16Add(v128.load(b), v128.load(a), v128.load(out)) as Expr<'v128'>),
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
