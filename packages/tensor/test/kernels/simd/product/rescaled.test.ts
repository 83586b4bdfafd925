import fc from 'fast-check';
import { dtypes, type DType, type View } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import { detectFeatures, SimdEngine, type Division } from '../../../../src/kernels/simd/engine/engine.js';
import { simdLinearInteger } from '../../../../src/kernels/simd/product/linear-integer.js';
import { byteMultiplication } from '../../../../src/kernels/simd/product/matmul-integer.js';
import { kernelMemory } from '../../../../src/memory.js';
import { alloc } from '../../../../src/storage.js';
import { filled, reference } from '../views.js';

const mockWay = { isDots: false };

jest.mock('../../../../src/kernels/simd/product/dot8.js', () => ({
  ...jest.requireActual<object>('../../../../src/kernels/simd/product/dot8.js'),
  ...jest.requireActual<object>('./exact-dot.js'),
  dotsAreExact: () => mockWay.isDots,
}));

const size = fc.integer({ min: 1, max: 40 });

const problems = fc.record({
  m: fc.oneof(fc.integer({ min: 2, max: 40 }), fc.constantFrom(60, 61, 130)),
  n: fc.oneof(size, fc.constantFrom(1024, 1030)),
  k: fc.oneof(size, fc.constantFrom(520)),
  xType: fc.constantFrom('int8', 'uint8'),
  wType: fc.constantFrom('int8', 'uint8'),
  xZero: fc.constantFrom(0, 9, -300),
  to: fc.constantFrom('int8', 'uint8', 'int16', 'int32'),
  /** Whether multiplier and bias are the same for all columns, and rows of x lie apart or go down. */
  shared: fc.boolean(),
  turned: fc.boolean(),
  /** Whether each tile is a part by itself. */
  divided: fc.boolean(),
  seed: fc.integer(),
});

function numbers(shape: readonly number[], dtype: DType, seed: number, factor: number): View {
  const view = alloc(shape, dtype);
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * factor));
  return view;
}

const perColumn = (n: number, shared: boolean, seed: number, factor: number): View => {
  const { storage } = numbers([n], 'float32', seed, factor);
  return { storage, layout: new Layout([n], [shared ? 0 : 1]) };
};

/** An engine that counts what it divides, in parts as small as can be where that is wanted. */
class Counting extends SimdEngine {
  readonly names: string[] = [];
  tiles = false;

  override divide(...[family, name, division, argsOf]: Parameters<SimdEngine['divide']>): void {
    this.names.push(name);
    const part: Division = { ...division, work: 0 };
    if (!this.tiles) return super.divide(family, name, part, argsOf);
    for (let start = 0; start < division.count; start += division.grain) {
      const end = Math.min(division.count, start + division.grain);
      super.divide(family, name, part, () => argsOf(start, end, 0));
    }
  }
}

describe.each([
  ['pairs of 16 bits', false],
  ['dot products of four', true],
])('a linear layer on a grid by %s', (_way, isDots) => {
  const engine = new Counting(kernelMemory!, detectFeatures());
  const { linearInteger } = simdLinearInteger(engine, byteMultiplication(engine), reference.requantize, reference);

  beforeEach(() => {
    mockWay.isDots = isDots;
    engine.names.length = 0;
  });

  it('equals the reference exactly for any signs, sizes, zero points, grids and parts, the first time and later', () =>
    fc.assert(
      fc.property(problems, ({ m, n, k, xType, wType, xZero, to, shared, turned, divided, seed }) => {
        fc.pre(m * n * k < 3e5);
        engine.tiles = divided;
        const stored = numbers(turned ? [k, m] : [m, k], xType, seed, 64);
        const x = turned ? { storage: stored.storage, layout: stored.layout.transpose(0, 1) } : stored;
        const weight = { values: numbers([n, k], wType, seed + 1, 64), halves: null, factors: null };
        const { min, max } = dtypes[to === 'int32' ? 'uint16' : to];
        const rescaling = {
          multiplier: perColumn(n, shared, seed + 2, 0.002),
          bias: perColumn(n, shared, seed + 3, 10),
          grid: { zeroPoint: 4, qmin: min + 1, qmax: seed % 2 === 0 ? max : max - 7 },
        };
        const made = (run: typeof linearInteger): number[] => {
          const y = alloc([m, n], to);
          run(x, weight, xZero, null, y, rescaling);
          return [...y.storage.array.slice(y.storage.base, y.storage.base + y.storage.length)];
        };
        const wanted = made(reference.linearInteger);
        for (let time = 0; time < 3; time++) expect(made(linearInteger)).toEqual(wanted);
      }),
      { numRuns: 60 },
    ));

  it('makes no sums where it meets a weight again', () => {
    const [x, values] = [numbers([20, 30], 'uint8', 1, 60), numbers([10, 30], 'int8', 2, 60)];
    const rescaling = {
      multiplier: perColumn(10, false, 3, 0.01),
      bias: perColumn(10, false, 4, 1),
      grid: { zeroPoint: 0, qmin: 0, qmax: 255 },
    };
    for (let time = 0; time < 2; time++)
      linearInteger(x, { values, halves: null, factors: null }, 3, null, alloc([20, 10], 'uint8'), rescaling);
    expect(engine.names).toEqual(['rescaled']);
  });
});
