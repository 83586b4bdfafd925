import fc from 'fast-check';
import { distances, merge, positions } from '../../../src/kernels/reference/walk.js';
import { Layout } from '../../../src/layout.js';

const layouts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }).chain((shape) => {
  const strides = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: shape.length, maxLength: shape.length });
  const order = fc.shuffledSubarray(
    shape.map((_, d) => d),
    { minLength: shape.length },
  );
  return fc.tuple(fc.array(strides, { minLength: 1, maxLength: 3 }), order).map(([all, dims]) => ({
    layouts: [new Layout(shape), ...all.map((steps) => new Layout(shape, steps))],
    order: dims,
  }));
});

/** Positions relative to the offset, in order. */
function visited(sizes: readonly number[], strides: readonly number[]): number[] {
  return sizes.reduce<number[]>(
    (before, size, d) => before.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * strides[d]!)),
    [0],
  );
}

describe('merge', () => {
  it('visits the same positions in the same order, with no more dims', () =>
    fc.assert(
      fc.property(layouts, ({ layouts: all }) => {
        const { sizes, strides } = merge(all);
        expect(sizes.length).toBeLessThanOrEqual(all[0]!.ndim);
        all.forEach((layout, o) => {
          expect(visited(sizes, strides[o]!)).toEqual(visited(layout.shape, layout.strides));
        });
      }),
    ));

  it('takes dims in another order as if the layouts had been permuted', () =>
    fc.assert(
      fc.property(layouts, ({ layouts: all, order }) => {
        expect(merge(all, order)).toEqual(merge(all.map((layout) => layout.permute(order))));
      }),
    ));
});

describe('positions', () => {
  it('are those of the elements, also in arrays of more than 2^31', () => {
    const layout = new Layout([2, 2], [1, 3], 1);
    expect([...positions(layout, 2 ** 31)]).toEqual([0, 3, 1, 4].map((step) => 2 ** 31 + 1 + step));
    expect([...distances(new Layout([2, 2], [-1, 3]))]).toEqual([0, 3, -1, 2]);
  });
});
