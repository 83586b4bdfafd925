import fc from 'fast-check';
import { dtypes, type DType, type View } from '@q/tensor';
import { overPlanes, planeFamilies } from '../../../../src/kernels/simd/elementwise/planes.js';
import { detectFeatures, SimdEngine } from '../../../../src/kernels/simd/engine/engine.js';
import { positions } from '../../../../src/kernels/reference/walk.js';
import { kernelMemory } from '../../../../src/memory.js';
import { alloc } from '../../../../src/storage.js';
import { filled } from '../views.js';

const engine = new SimdEngine(kernelMemory!, detectFeatures());
/** `2 x - y + number`, exact for small integers. */
const families = planeFamilies(1, (code, [x, y, number]) => code.add(code.sub(code.add(x!, x!), y!), number!));

const shape = [3, 6, 37];

function small(sizes: readonly number[], dtype: DType, seed: number): View {
  const view = alloc(sizes, dtype);
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = Math.abs(Math.trunc(value * 6))));
  return view;
}

/** Views of the shape whose rows lie in order, or are one element each. */
const ways = {
  inOrder: (make: (sizes: number[]) => View) => make(shape),
  turned: (make: (sizes: number[]) => View) => {
    const { storage, layout } = make([6, 3, 37]);
    return { storage, layout: layout.transpose(0, 1) };
  },
  parts: (make: (sizes: number[]) => View) => {
    const { storage, layout } = make([3, 6, 41]);
    return { storage, layout: layout.range(2, [3, 40]) };
  },
} satisfies Record<string, (make: (sizes: number[]) => View) => View>;
const spreads = {
  ...ways,
  backwards: (make: (sizes: number[]) => View) => {
    const { storage, layout } = make(shape);
    return { storage, layout: layout.flip([0, 1]) };
  },
  oneRow: (make: (sizes: number[]) => View) => {
    const { storage, layout } = make([37]);
    return { storage, layout: layout.broadcastTo(shape) };
  },
  onePerRow: (make: (sizes: number[]) => View) => {
    const { storage, layout } = make([3, 6, 1]);
    return { storage, layout: layout.broadcastTo(shape) };
  },
} satisfies Record<string, (make: (sizes: number[]) => View) => View>;

const dtype = fc.constantFrom('int8', 'uint8', 'int16', 'int32', 'float32');
const input = fc.tuple(fc.constantFrom(...Object.values(spreads)), dtype);
const output = fc.tuple(fc.constantFrom(...Object.values(ways)), dtype);

/** The elements in row-major order. */
const elements = ({ storage: { array, base }, layout }: View): number[] =>
  Array.from(positions(layout, base), (at) => array[at]!);

describe('overPlanes', () => {
  it('computes every element of any views whose rows lie in order, and writes no others', () =>
    fc.assert(
      fc.property(
        input,
        input,
        output,
        fc.integer({ min: 0, max: 9 }),
        fc.integer(),
        (ofX, ofY, ofOut, number, seed) => {
          const [x, y] = [ofX, ofY].map(([way, type], i) => way((sizes) => small(sizes, type, seed + i))) as [
            View,
            View,
          ];
          const out = ofOut[0]((sizes) => small(sizes, ofOut[1], seed + 2));
          const { storage, layout } = out;
          const before = storage.array.slice(storage.base, storage.base + storage.length);
          expect(overPlanes(engine, [x, y], out, families, [number])).toBe(true);
          const [left, right] = [elements(x), elements(y)];
          const { min } = dtypes[ofOut[1]];
          const wanted = left.map((value, i) => Math.max(2 * value - right[i]! + number, min));
          expect(elements(out)).toEqual(wanted);
          positions(layout, 0).forEach((at, i) => (before[at] = wanted[i]!));
          expect(storage.array.slice(storage.base, storage.base + storage.length)).toEqual(before);
        },
      ),
    ));

  it.each<[string, () => readonly [View, View]]>([
    ['too few elements', () => [small([3, 5], 'int8', 1), small([3, 5], 'int8', 2)]],
    ['a dtype that no lanes have', () => [small(shape, 'float64', 1), small(shape, 'int8', 2)]],
    [
      'rows that lie apart',
      () => {
        const { storage, layout } = small([3, 6, 74], 'int8', 1);
        return [{ storage, layout: layout.range(2, [0, 74, 2]) }, small(shape, 'int8', 2)];
      },
    ],
    [
      'rows that run backwards',
      () => {
        const { storage, layout } = small(shape, 'int8', 1);
        return [{ storage, layout: layout.flip([2]) }, small(shape, 'int8', 2)];
      },
    ],
    ['a result that no lanes have', () => [small(shape, 'int8', 1), small(shape, 'bool', 2)]],
  ])('does nothing and says so for %s', (_what, made) => {
    const [x, out] = made();
    const before = elements(out);
    expect(overPlanes(engine, [x, x], out, families, [1])).toBe(false);
    expect(elements(out)).toEqual(before);
  });
});
