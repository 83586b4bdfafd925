import fc from 'fast-check';
import { dtypes, type DType, type View } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import type { LinearWeight, Rescaling } from '../../../../src/kernels/contract/integer.js';
import { alloc } from '../../../../src/storage.js';
import { filled, reference, simd } from '../views.js';

function integers(shape: readonly number[], dtype: DType, seed: number, factor = 64): View {
  const view = alloc(shape, dtype);
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * factor));
  return view;
}

const floats = (count: number, seed: number, factor: number): View => {
  const view = alloc([count], 'float32');
  filled(count, seed, false).forEach((value, i) => (view.storage.array[view.storage.base + i] = value * factor));
  return view;
};

/** Columns `from` to `end` of a matrix. */
const columns = ({ storage, layout }: View, from: number, end: number): View => ({
  storage,
  layout: new Layout([layout.shape[0]!, end - from], layout.strides, layout.offset + from),
});

const problems = fc.record({
  m: fc.constantFrom(1, 1, 5),
  n: fc.constantFrom(3, 37, 64),
  k: fc.constantFrom(7, 96, 128, 133, 256),
  blocks: fc.constantFrom(0, 1, 2, 4, 8),
  halves: fc.constantFrom(null, 'signed', 'unsigned'),
  xType: fc.constantFrom('int8', 'uint8'),
  wType: fc.constantFrom('int8', 'uint8'),
  xZero: fc.constantFrom(0, 3, 130),
  zeros: fc.boolean(),
  /** Whether rows are parts of longer ones. */
  within: fc.boolean(),
  to: fc.constantFrom('int32', 'int8', 'uint8'),
  seed: fc.integer(),
});

const weightOf = ({
  n,
  k,
  blocks,
  halves,
  wType,
  within,
  seed,
}: typeof problems extends fc.Arbitrary<infer T> ? T : never): LinearWeight => {
  const width = halves ? Math.ceil(k / 2) : k;
  const stored = integers([n, within ? width + 24 : width], halves ? 'uint8' : wType, seed);
  const values = within ? columns(stored, 8, 8 + width) : stored;
  const factored = halves === 'signed' && blocks > 0 && k % blocks === 0;
  if (!factored) return { values, halves, factors: null };
  const factors = integers([n, blocks], 'uint8', seed + 1);
  for (let i = 0, { array, base } = factors.storage; i < n * blocks; i++) array[base + i] = 1 + (array[base + i]! & 15);
  return { values, halves, factors };
};

const read = ({ storage }: View): number[] => [...storage.array.slice(storage.base, storage.base + storage.length)];

describe('SIMD linearInteger', () => {
  it('equals the reference exactly: one row and several, whole bytes and halves, factors, zero points and grids', () =>
    fc.assert(
      fc.property(problems, (problem) => {
        const { m, n, k, xType, xZero, zeros, to, seed } = problem;
        const weight = weightOf(problem);
        const x = integers([m, k], xType, seed + 2);
        const wZero = zeros ? integers([n], 'int32', seed + 3, 2) : null;
        const { min, max } = dtypes[to];
        const rescaling: Rescaling | null =
          to === 'int32'
            ? null
            : {
                multiplier: floats(n, seed + 4, 0.002),
                bias: floats(n, seed + 5, 10),
                grid: { zeroPoint: 4, qmin: min + 1, qmax: max },
              };
        const made = (kernels: typeof simd): number[] => {
          const y = alloc([m, n], to);
          kernels.linearInteger(x, weight, xZero, wZero, y, rescaling);
          return read(y);
        };
        expect(made(simd)).toEqual(made(reference));
      }),
      { numRuns: 150 },
    ));

  it('unpacks halves of bytes as the reference does, and nothing behind them', () =>
    fc.assert(
      fc.property(problems, (problem) => {
        const weight = weightOf(problem);
        const { n, k } = problem;
        const made = (kernels: typeof simd): number[] => {
          const all = alloc([n * k + 40], weight.halves === 'unsigned' ? 'uint8' : 'int8');
          kernels.unpackWeight(weight, { storage: all.storage, layout: new Layout([n, k], undefined, 8) });
          return read(all);
        };
        expect(made(simd)).toEqual(made(reference));
      }),
    ));
});
