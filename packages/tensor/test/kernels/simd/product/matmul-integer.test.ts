import fc from 'fast-check';
import { detectFeatures, SimdEngine } from '../../../../src/kernels/simd/engine/engine.js';
import { byteMultiplication, simdMatmulInteger } from '../../../../src/kernels/simd/product/matmul-integer.js';
import { kernelMemory } from '../../../../src/memory.js';
import { alloc, type View } from '../../../../src/storage.js';
import { filled, firstDifference, reference } from '../views.js';

const mockWay = { isDots: false };

jest.mock('../../../../src/kernels/simd/product/dot8.js', () => ({
  ...jest.requireActual<object>('../../../../src/kernels/simd/product/dot8.js'),
  ...jest.requireActual<object>('./exact-dot.js'),
  dotsAreExact: () => mockWay.isDots,
}));

const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 65, 255, 257, 300, 513));

const problems = fc.record({
  left: fc.constantFrom('int8', 'uint8'),
  right: fc.constantFrom('int8', 'uint8'),
  batch: fc.integer({ min: 1, max: 3 }),
  m: size,
  k: fc.oneof(size, fc.constantFrom(1025)),
  n: size,
  turnX: fc.boolean(),
  turnY: fc.boolean(),
  /** Zero points: one for each line, or one for all of them, or none. */
  ofX: fc.constantFrom('each', 'one', 'none'),
  ofY: fc.constantFrom('each', 'one', 'none'),
  seed: fc.integer(),
});

function byteView(dtype: 'int8' | 'uint8', shape: readonly [number, number, number], seed: number, turned: boolean) {
  const [batch, rows, columns] = shape;
  const view = alloc(turned ? [batch, columns, rows] : shape, dtype);
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * 64));
  return turned ? { storage: view.storage, layout: view.layout.transpose(1, 2) } : view;
}

function zeroView(shape: readonly number[], seed: number, kind: string): View {
  const { storage, layout } = alloc(kind === 'each' ? shape : [1], 'int32');
  if (kind !== 'none')
    filled(layout.numel, seed, false).forEach((value, i) => (storage.array[storage.base + i] = value * 60));
  return { storage, layout: layout.broadcastTo(shape) };
}

describe.each([
  ['pairs of 16 bits', false],
  ['dot products of four', true],
])('SIMD matmulInteger by %s', (_way, isDots) => {
  const engine = new SimdEngine(kernelMemory!, detectFeatures());
  const { matmulInteger } = simdMatmulInteger(engine, byteMultiplication(engine), reference);

  beforeEach(() => (mockWay.isDots = isDots));

  it('equals the reference exactly for any signs, sizes, zero points and transposed operands, the first time and later', () =>
    fc.assert(
      fc.property(problems, ({ left, right, batch, m, k, n, turnX, turnY, ofX, ofY, seed }) => {
        fc.pre(m * n * k < 6e4);
        const x = byteView(left, [batch, m, k], seed, turnX);
        const y = byteView(right, [batch, k, n], seed + 1, turnY);
        const [xZero, yZero] = [zeroView([batch, m, 1], seed + 2, ofX), zeroView([batch, 1, n], seed + 3, ofY)];
        const wanted = alloc([batch, m, n], 'int32');
        reference.matmulInteger(x, y, xZero, yZero, wanted);
        // A second operand that is met again is packed.
        for (let time = 0; time < 3; time++) {
          const out = alloc([batch, m, n], 'int32');
          matmulInteger(x, y, xZero, yZero, out);
          expect(firstDifference(out, wanted)).toBe(-1);
        }
      }),
      { numRuns: 60 },
    ));

  it.each([
    ['of whole tiles', 24, 512, 516, 0],
    ['of zero points of which four do not fit 16 bits', 24, 512, 516, 9000],
    ['with rows that leave a part of a tile', 20, 512, 512, 5],
    ['with columns that do', 16, 520, 512, 5],
    ['with a depth that does', 16, 512, 514, 5],
  ])('equals the reference exactly where operands are large, %s', (_which, m, n, k, zero) => {
    const [x, y] = [byteView('uint8', [1, m, k], 1, false), byteView('int8', [1, k, n], 2, true)];
    const [xZero, yZero] = [zeroView([1, m, 1], 3, 'each'), zeroView([1, 1, n], 4, 'none')];
    xZero.storage.array[xZero.storage.base + 7]! += zero;
    const wanted = alloc([1, m, n], 'int32');
    reference.matmulInteger(x, y, xZero, yZero, wanted);
    for (let time = 0; time < 3; time++) {
      const out = alloc([1, m, n], 'int32');
      matmulInteger(x, y, xZero, yZero, out);
      expect(firstDifference(out, wanted)).toBe(-1);
    }
  });

  it('leaves zero points that do not fit 16 bits beside a byte to the reference', () => {
    const [x, y] = [byteView('int8', [1, 20, 20], 1, false), byteView('uint8', [1, 20, 20], 2, false)];
    const [xZero, yZero] = [zeroView([1, 20, 1], 3, 'each'), zeroView([1, 1, 20], 4, 'each')];
    xZero.storage.array[xZero.storage.base + 7] = 40_000;
    const [ours, theirs] = [alloc([1, 20, 20], 'int32'), alloc([1, 20, 20], 'int32')];
    matmulInteger(x, y, xZero, yZero, ours);
    reference.matmulInteger(x, y, xZero, yZero, theirs);
    expect(firstDifference(ours, theirs)).toBe(-1);
  });
});
