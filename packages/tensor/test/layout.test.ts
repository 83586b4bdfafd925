import fc from 'fast-check';
import { IndexError, ShapeError, type SliceIndex } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import { memoryOrder } from '../src/layout.js';

/** A view as the plain list of places it visits in row-major order. */
interface Naive {
  readonly shape: readonly number[];
  readonly places: readonly number[];
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** All coordinates of a shape in row-major order. */
function coordinates(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])),
    [[]],
  );
}

const placeAt = ({ shape, places }: Naive, at: readonly number[]): number =>
  places[at.reduce((flat, i, d) => flat * shape[d]! + i, 0)]!;

/** The naive view of `shape` whose element at `at` is the one of `from` at `source(at)`. */
const build = (from: Naive, shape: readonly number[], source: (at: number[]) => readonly number[]): Naive => ({
  shape,
  places: coordinates(shape).map((at) => placeAt(from, source(at))),
});

const walked = (layout: Layout): number[] =>
  coordinates(layout.shape).map((at) => at.reduce((place, i, d) => place + i * layout.strides[d]!, layout.offset));

type Step = (layout: Layout, naive: Naive, pick: (size: number) => number) => readonly [Layout, Naive];

/** Every view operation beside what it means for coordinates; `pick(n)` chooses in [0, n). */
const steps: Record<string, Step> = {
  permute: (layout, naive, pick) => {
    const dims = layout.shape.map((_, d) => d);
    for (let i = dims.length - 1; i > 0; i--) {
      const j = pick(i + 1);
      [dims[i], dims[j]] = [dims[j]!, dims[i]!];
    }
    const shape = dims.map((d) => naive.shape[d]!);
    return [layout.permute(dims), build(naive, shape, (at) => naive.shape.map((_, d) => at[dims.indexOf(d)]!))];
  },
  transpose: (layout, naive, pick) => {
    if (layout.ndim === 0) return [layout.transpose(0, -1), naive];
    const [a, b] = [pick(layout.ndim), pick(layout.ndim)];
    const swap = <T>(list: readonly T[]): T[] => list.map((_, d) => list[d === a ? b : d === b ? a : d]!);
    return [layout.transpose(a - layout.ndim, b), build(naive, swap(naive.shape), swap)];
  },
  unsqueeze: (layout, naive, pick) => {
    const dim = pick(layout.ndim + 1);
    return [layout.unsqueeze(dim), build(naive, naive.shape.toSpliced(dim, 0, 1), (at) => at.toSpliced(dim, 1))];
  },
  squeeze: (layout, naive) => [
    layout.squeeze(),
    { shape: naive.shape.filter((size) => size !== 1), places: naive.places },
  ],
  select: (layout, naive, pick) => {
    if (count(naive.shape) === 0 || layout.ndim === 0) return [layout, naive];
    const dim = pick(layout.ndim);
    const index = pick(2 * naive.shape[dim]!) - naive.shape[dim]!;
    const positive = index < 0 ? index + naive.shape[dim]! : index;
    return [
      layout.select(dim, index),
      build(naive, naive.shape.toSpliced(dim, 1), (at) => at.toSpliced(dim, 0, positive)),
    ];
  },
  range: (layout, naive, pick) => {
    if (layout.ndim === 0) return [layout, naive];
    const dim = pick(layout.ndim);
    const size = naive.shape[dim]!;
    const bound = (): number | null => (pick(4) === 0 ? null : pick(2 * size + 5) - size - 2);
    const [start, stop] = [bound(), bound()];
    const step = [-3, -2, -1, 1, 2, 3][pick(6)]!;
    // What Python's slice.indices() visits, position by position.
    const from = (at: number): number => (at < 0 ? at + size : at);
    const first =
      start === null
        ? step > 0
          ? 0
          : size - 1
        : Math.min(Math.max(from(start), step > 0 ? 0 : -1), step > 0 ? size : size - 1);
    const last =
      stop === null
        ? step > 0
          ? size
          : -1
        : Math.min(Math.max(from(stop), step > 0 ? 0 : -1), step > 0 ? size : size - 1);
    const visited: number[] = [];
    for (let i = first; step > 0 ? i < last : i > last; i += step) visited.push(i);
    return [
      layout.range(dim, [start, stop, step]),
      build(naive, naive.shape.with(dim, visited.length), (at) => at.with(dim, visited[at[dim]!]!)),
    ];
  },
  broadcast: (layout, naive, pick) => {
    const shape = [pick(3), ...naive.shape.map((size) => (size === 1 ? pick(4) : size))];
    return [
      layout.broadcastTo(shape),
      build(naive, shape, (at) => at.slice(1).map((i, d) => (naive.shape[d] === 1 ? 0 : i))),
    ];
  },
  flip: (layout, naive, pick) => {
    const dims = naive.shape.map((_, d) => d).filter(() => pick(2) === 1);
    return [
      layout.flip(dims),
      build(naive, naive.shape, (at) => at.map((i, d) => (dims.includes(d) ? naive.shape[d]! - 1 - i : i))),
    ];
  },
  diagonal: (layout, naive, pick) => {
    if (layout.ndim < 2) return [layout, naive];
    const a = pick(layout.ndim);
    const b = (a + 1 + pick(layout.ndim - 1)) % layout.ndim;
    const shift = pick(7) - 3;
    const others = naive.shape.map((_, d) => d).filter((d) => d !== a && d !== b);
    const [down, right] = [Math.max(-shift, 0), Math.max(shift, 0)];
    const length = Math.max(0, Math.min(naive.shape[a]! - down, naive.shape[b]! - right));
    return [
      layout.diagonal(shift, a, b),
      build(naive, [...others.map((d) => naive.shape[d]!), length], (at) =>
        naive.shape.map((_, d) =>
          d === a ? at.at(-1)! + down : d === b ? at.at(-1)! + right : at[others.indexOf(d)]!,
        ),
      ),
    ];
  },
  unfold: (layout, naive, pick) => {
    if (layout.ndim === 0) return [layout, naive];
    const dim = pick(layout.ndim);
    const size = pick(naive.shape[dim]! + 1);
    const step = 1 + pick(3);
    const windows = Math.floor((naive.shape[dim]! - size) / step) + 1;
    return [
      layout.unfold(dim, size, step),
      build(naive, [...naive.shape.with(dim, windows), size], (at) =>
        at.slice(0, -1).with(dim, at[dim]! * step + at.at(-1)!),
      ),
    ];
  },
  reshape: (layout, naive, pick) => {
    const total = count(naive.shape);
    const divisors = Array.from({ length: total }, (_, i) => i + 1).filter((n) => total % n === 0);
    const first = divisors[pick(divisors.length)] ?? 0;
    const shape = total === 0 ? [0, 3] : [first, total / first];
    const reshaped = layout.reshape(shape);
    return reshaped ? [reshaped, { shape, places: naive.places }] : [layout, naive];
  },
};

describe('Layout', () => {
  it('visits the same places as a naive index list, after any sequence of view operations', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(4), { maxLength: 3 }),
        fc.array(
          fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.array(fc.nat(1000), { minLength: 8, maxLength: 8 })),
          { maxLength: 6 },
        ),
        (shape, sequence) => {
          let layout = new Layout(shape);
          let naive: Naive = { shape, places: Array.from({ length: count(shape) }, (_, i) => i) };
          for (const [name, choices] of sequence) {
            if (count(naive.shape) > 500) break;
            let next = 0;
            [layout, naive] = steps[name]!(layout, naive, (size) => choices[next++ % choices.length]! % size);
            expect(layout.shape).toEqual(naive.shape);
            expect(walked(layout)).toEqual(naive.places);
            expect(layout.numel).toBe(naive.places.length);
            if (layout.isContiguous) expect(naive.places).toEqual(naive.places.map((_, i) => layout.offset + i));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('knows when it can be walked in order', () => {
    expect(new Layout([2, 3]).isContiguous).toBe(true);
    expect(new Layout([2, 3]).transpose(0, 1).isContiguous).toBe(false);
    expect(new Layout([2, 3]).range(0, [1, 2]).isContiguous).toBe(true);
    expect(new Layout([1, 3]).transpose(0, 1).isContiguous).toBe(true);
    expect(new Layout([3]).flip([0]).isContiguous).toBe(false);
  });

  it('reshapes without a copy exactly where strides can express it', () => {
    const columns = new Layout([4, 6]).transpose(0, 1);
    expect(columns.reshape([24])).toBeNull();
    expect(columns.reshape([2, 3, 4])?.strides).toEqual([3, 1, 6]);
  });
});

describe('slice', () => {
  const layout = new Layout([4, 5, 6]);

  it('mixes indices, ranges, new dims and dots', () => {
    const sliced = layout.slice([[1, 3], 2, [], null]);
    expect(sliced.shape).toEqual([2, 6, 1]);
    expect(sliced.offset).toBe(30 + 2 * 6);
    expect(layout.slice(['...', -1]).shape).toEqual([4, 5]);
    expect(layout.slice([0, '...', [null, null, -2]]).strides).toEqual([6, -2]);
  });

  it.each<[SliceIndex[], RegExp]>([
    [[[0, 3, 0]], /slice: step of dim 0 must not be 0/],
    [[4], /index 4 is out of range for dim 0 of size 4/],
    [[[], -6], /index -6 is out of range for dim 1 of size 5/],
    [[0, 0, 0, 0], /4 indices for a tensor of rank 3/],
    [['...', '...'], /at most one '\.\.\.'/],
    [[[0.5]], /bounds of dim 0 must be integers, got 0\.5/],
    [[[0, 1, 1, 1] as unknown as SliceIndex], /an entry is an index/],
  ])('rejects %j', (indices, message) => {
    expect(() => layout.slice(indices)).toThrow(IndexError);
    expect(() => layout.slice(indices)).toThrow(message);
  });
});

it('names what does not fit in the other operations', () => {
  const layout = new Layout([2, 3]);
  expect(() => layout.permute([0, 0])).toThrow(ShapeError);
  expect(() => layout.broadcastTo([3, 3])).toThrow(/\[2, 3\] cannot be broadcast to \[3, 3\]/);
  expect(() => layout.diagonal(0, 1, 1)).toThrow(ShapeError);
  expect(() => layout.unfold(1, 4, 1)).toThrow(/window size 4 does not fit dim 1 of size 3/);
  expect(() => layout.flip([0, 0])).toThrow(ShapeError);
  expect(() => layout.select(2, 0)).toThrow(IndexError);
});

it('tells the dims from the largest step to the smallest, equal steps in their order', () => {
  expect(memoryOrder([1, 6, 2])).toEqual([1, 2, 0]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 6 }), (strides) => {
      const dims = strides.map((_, d) => d);
      expect(memoryOrder(strides)).toEqual(dims.sort((a, b) => strides[b]! - strides[a]!));
    }),
  );
});
