import fc from 'fast-check';
import { kernelMemory } from '../../../../src/memory.js';
import { dotsAreExact } from '../../../../src/kernels/simd/product/dot8.js';
import { detectFeatures, SimdEngine } from '../../../../src/kernels/simd/engine/engine.js';
import { emitGemmDot8 } from '../../../../src/kernels/simd/product/gemm-dot8.js';
import { alloc, type View } from '../../../../src/storage.js';
import { filled, firstDifference, reference, simd } from '../views.js';

const engine = new SimdEngine(kernelMemory!, detectFeatures());

/** Bytes whose products in pairs do not fit 16 bits, where the dot products of some machines saturate. */
const extremes = { int8: [-128, -1, 0, 127], uint8: [0, 127, 128, 255] } as const;
type Byte = keyof typeof extremes;

function matrix(dtype: Byte, shape: readonly number[], seed: number): View {
  const view = alloc(shape, dtype);
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = extremes[dtype][value & 3]!));
  return view;
}

describe('the relaxed dot product of bytes', () => {
  it('is not used where there is no relaxed SIMD', () =>
    expect(dotsAreExact(engine) && !engine.features.fused).toBe(false));

  it.each<[Byte, Byte]>([
    ['uint8', 'int8'],
    ['int8', 'uint8'],
    ['int8', 'int8'],
    ['uint8', 'uint8'],
  ])('gives the products of the reference at the extremes of %s and %s, or is not used', (left, right) => {
    // Whole tiles, and what is left over in each direction.
    const [m, k, n] = [7, 39, 17];
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const [x, y] = [matrix(left, [1, m, k], seed), matrix(right, [1, k, n], seed + 1)];
        const [xZero, yZero] = [alloc([1, m, 1], 'int32'), alloc([1, 1, n], 'int32')];
        const [ours, theirs] = [alloc([1, m, n], 'int32'), alloc([1, m, n], 'int32')];
        simd.matmulInteger(x, y, xZero, yZero, ours);
        reference.matmulInteger(x, y, xZero, yZero, theirs);
        expect(firstDifference(ours, theirs)).toBe(-1);
      }),
      { numRuns: 20 },
    );
  });

  it('is compiled by engines that have it only', () => {
    const compile = () => engine.load(({ module }) => emitGemmDot8(module, 'unsigned-signed'));
    if (engine.features.fused) expect(Object.keys(compile())).toContain('gemmDot8');
    else expect(compile).toThrow(WebAssembly.CompileError);
  });
});
