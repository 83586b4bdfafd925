import fc from 'fast-check';
import { f32x4, i32x4 } from '../../../../src/kernels/simd/assembler/assembler.js';
import {
  emitRepeatedTile,
  emitTile,
  withoutNegatives,
  type TileArithmetic,
} from '../../../../src/kernels/simd/product/tile.js';
import { emitted } from '../emitted.js';

const [A, B, C, BIAS] = [1024, 8192, 40960, 57344] as const;

const floats: TileArithmetic = {
  multiplyAdd: (a, b, sum) => f32x4.add(sum, f32x4.mul(a, b)),
  add: f32x4.add,
  relu: withoutNegatives,
};
const pairs: TileArithmetic = {
  multiplyAdd: (a, b, sum) => i32x4.add(sum, i32x4.dotI16x8(a, b)),
  add: i32x4.add,
};

/** A tile by itself in a module, with its memory. */
function tile(rows: number, vectors: number, arithmetic: TileArithmetic) {
  const { memory, functions } = emitted(1, ({ module }) => {
    const { multiply } = emitTile(module, rows, vectors, arithmetic);
    module.func('multiply', new Array<'i32'>(8).fill('i32'), (_f, ...all) => multiply(...all));
  });
  return { memory, multiply: functions.multiply! };
}

/** Small integers, whose products and sums are exact in float32 too. */
const small = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => ((Math.imul(i + 1, seed + 7) >>> 3) % 15) - 7);

const cases = fc.record({
  rows: fc.integer({ min: 1, max: 6 }),
  vectors: fc.integer({ min: 1, max: 4 }),
  steps: fc.integer({ min: 1, max: 19 }),
  gap: fc.nat(3),
  fresh: fc.boolean(),
  biased: fc.boolean(),
  cut: fc.boolean(),
  seed: fc.nat(1000),
});

describe('emitTile', () => {
  it('adds the product of two panels, a bias and a ReLU to float32 rows of any stride', () =>
    fc.assert(
      fc.property(cases, ({ rows, vectors, steps, gap, fresh, biased, cut, seed }) => {
        const { memory, multiply } = tile(rows, vectors, floats);
        const heap = new Float32Array(memory.buffer);
        const [columns, stride] = [vectors * 4, vectors * 4 + gap];
        const [a, b] = [small(steps * rows, seed), small(steps * columns, seed + 1)];
        const [c, bias] = [small(rows * stride, seed + 2), small(columns, seed + 3)];
        for (const [at, values] of [
          [A, a],
          [B, b],
          [C, c],
          [BIAS, bias],
        ] as const)
          heap.set(values, at / 4);
        multiply(steps, A, B, C, stride * 4, Number(fresh), biased ? BIAS : 0, Number(cut));
        const expected = c.map((before, index) => {
          const [i, j] = [Math.floor(index / stride), index % stride];
          if (j >= columns) return before;
          let sum = fresh ? 0 : before;
          for (let p = 0; p < steps; p++) sum += a[p * rows + i]! * b[p * columns + j]!;
          const all = sum + (biased ? bias[j]! : 0);
          return cut ? Math.max(all, 0) : all;
        });
        expect(Array.from(heap.subarray(C / 4, C / 4 + c.length))).toEqual(expected);
      }),
    ));

  it('multiplies pairs of 16-bit integers, and integers keep negative sums whatever is asked', () =>
    fc.assert(
      fc.property(cases, ({ rows, vectors, steps, fresh, cut, seed }) => {
        const { memory, multiply } = tile(rows, vectors, pairs);
        const columns = vectors * 4;
        const [a, b] = [small(steps * rows * 2, seed), small(steps * columns * 2, seed + 1)];
        const c = small(rows * columns, seed + 2);
        new Int16Array(memory.buffer).set(a, A / 2);
        new Int16Array(memory.buffer).set(b, B / 2);
        const sums = new Int32Array(memory.buffer, C, c.length);
        sums.set(c);
        multiply(steps, A, B, C, columns * 4, Number(fresh), 0, Number(cut));
        const expected = c.map((before, index) => {
          const [i, j] = [Math.floor(index / columns), index % columns];
          let sum = fresh ? 0 : before;
          for (let p = 0; p < steps; p++)
            for (const half of [0, 1]) sum += a[(p * rows + i) * 2 + half]! * b[(p * columns + j) * 2 + half]!;
          return sum;
        });
        expect(Array.from(sums)).toEqual(expected);
      }),
    ));
});

describe('emitRepeatedTile', () => {
  it('multiplies tiles one below the other in one call as one by one', () =>
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 5 }), ({ rows, vectors, steps, gap, fresh, seed }, count) => {
        const { memory, functions } = emitted(1, ({ module }) => {
          const { multiply, multiplyAll } = emitRepeatedTile(module, rows, vectors, pairs);
          module.func('one', new Array<'i32'>(8).fill('i32'), (_f, ...all) => multiply(...all));
          module.func('all', new Array<'i32'>(9).fill('i32'), (_f, ...all) => multiplyAll(...all));
        });
        const [columns, stride] = [vectors * 4, vectors * 4 + gap];
        new Int16Array(memory.buffer).set(small(steps * rows * count * 2, seed), A / 2);
        new Int16Array(memory.buffer).set(small(steps * columns * 2, seed + 1), B / 2);
        const before = small(rows * count * stride, seed + 2);
        const sums = new Int32Array(memory.buffer, C, before.length);
        const rest = [stride * 4, Number(fresh), 0, 0];
        sums.set(before);
        for (let t = 0; t < count; t++)
          functions.one!(steps, A + t * steps * rows * 4, B, C + t * rows * stride * 4, ...rest);
        const expected = Array.from(sums);
        sums.set(before);
        functions.all!(steps, A, B, C, ...rest, count);
        expect(Array.from(sums)).toEqual(expected);
      }),
    ));
});
