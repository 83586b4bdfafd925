import fc from 'fast-check';
import type { Reach, Regions } from '../../../../src/kernels/contract/pool.js';
import { alloc } from '../../../../src/storage.js';
import { filled, firstDifference, lie, output, reference, simd, viewOf } from '../views.js';

/** Regions of equal size at equal distances, as pools have them, cut at both ends. */
const even = (size: number, dilated: boolean): fc.Arbitrary<Reach> =>
  fc
    .record({
      step: dilated ? fc.integer({ min: 1, max: 3 }) : fc.constant(1),
      stride: fc.integer({ min: 1, max: 4 }),
      padding: fc.nat(2),
      length: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ step, stride, padding, length }) => {
      const firsts = Array.from({ length: Math.ceil((size + padding) / stride) }, (_, i) => i * stride - padding);
      const starts = firsts.map((first) => (first < 0 ? first + step * Math.ceil(-first / step) : first));
      return {
        starts: Int32Array.from(starts),
        ends: Int32Array.from(firsts, (first) => Math.min(size, first + length)),
        lengths: Int32Array.from(firsts, () => length),
        step,
      };
    });

/** Regions of one dim over `size` positions, empty ones included; steps only where they may be. */
const reaches = (size: number, dilated: boolean): fc.Arbitrary<Reach> =>
  fc.oneof(even(size, dilated), uneven(size, dilated));

const uneven = (size: number, dilated: boolean): fc.Arbitrary<Reach> =>
  fc
    .record({
      step: dilated ? fc.integer({ min: 1, max: 3 }) : fc.constant(1),
      spans: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(4), fc.integer({ min: 1, max: 5 })), {
        minLength: 1,
        maxLength: 9,
      }),
    })
    .map(({ step, spans }) => ({
      starts: Int32Array.from(spans, ([start]) => start),
      ends: Int32Array.from(spans, ([start, length]) => Math.min(size, start + length)),
      lengths: Int32Array.from(spans, ([, , length]) => length),
      step,
    }));

const SIZE = [3, 10, 17] as const;
const problems = (dilated: boolean) =>
  fc.record({
    planes: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 })),
    regions: fc.tuple(reaches(SIZE[0], dilated), reaches(SIZE[1], dilated), reaches(SIZE[2], dilated)),
    how: lie,
    specials: fc.boolean(),
  });

const sizeOf = (planes: readonly number[], regions: Regions): number[] => [
  ...planes,
  ...regions.map(({ starts }) => starts.length),
];

describe('SIMD pools', () => {
  it('maxPool finds the elements and positions of the reference: NaN, equal elements, steps, empty regions', () =>
    fc.assert(
      fc.property(problems(true), ({ planes, regions, how, specials }) => {
        const x = viewOf([...planes, ...SIZE], { seed: how.seed, shift: how.shift, exposed: how.exposed }, specials);
        const size = sizeOf(planes, regions);
        const [ours, theirs] = [simd, reference].map((kernels) => {
          const [out, indices] = [output(size), alloc(size, 'int32')];
          kernels.maxPool(x, regions, out, indices);
          return { out, indices };
        });
        expect(firstDifference(ours!.out, theirs!.out)).toBe(-1);
        expect(firstDifference(ours!.indices, theirs!.indices)).toBe(-1);
      }),
    ));

  it.each(['uint8', 'int8', 'int16', 'int32'] as const)('maxPool of %s finds what the reference does', (dtype) =>
    fc.assert(
      fc.property(problems(true), ({ planes, regions, how }) => {
        const x = alloc([...planes, ...SIZE], dtype);
        filled(x.layout.numel, how.seed, false).forEach(
          (value, i) => (x.storage.array[x.storage.base + i] = value * 40),
        );
        const size = sizeOf(planes, regions);
        const [ours, theirs] = [simd, reference].map((kernels) => {
          const [out, indices] = [alloc(size, dtype), alloc(size, 'int32')];
          kernels.maxPool(x, regions, out, indices);
          return { out, indices };
        });
        expect(firstDifference(ours!.out, theirs!.out)).toBe(-1);
        expect(firstDifference(ours!.indices, theirs!.indices)).toBe(-1);
      }),
    ),
  );

  it.each([null, 7])('averages and their adjoint equal the reference bit for bit, divisor %p', (divisor) =>
    fc.assert(
      fc.property(problems(false), ({ planes, regions, how }) => {
        const size = sizeOf(planes, regions);
        const full = [...planes, ...SIZE];
        const x = viewOf(full, { seed: how.seed, shift: how.shift, exposed: how.exposed }, false);
        const grad = viewOf(size, { seed: how.seed + 1 }, false);
        const [ours, theirs] = [simd, reference].map((kernels) => {
          const [out, spread] = [output(size), output(full)];
          kernels.avgPool(x, regions, divisor, out);
          kernels.avgUnpool(grad, regions, divisor, spread);
          return { out, spread };
        });
        expect(firstDifference(ours!.out, theirs!.out)).toBe(-1);
        expect(firstDifference(ours!.spread, theirs!.spread)).toBe(-1);
      }),
    ),
  );
});
