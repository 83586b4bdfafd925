import { f32, f32x4, forRange, i32, seq } from '../../../../src/kernels/simd/assembler/assembler.js';
import { detectFeatures, SimdEngine, type Family } from '../../../../src/kernels/simd/engine/engine.js';
import { lookForNaN } from '../../../../src/kernels/simd/elementwise/nan.js';
import { kernelMemory } from '../../../../src/memory.js';

/** Writes 1 to `flag` where the elements from `from` to `end` have a NaN; their sum is what makes it look. */
const family: Family = ({ module }) =>
  module.func('find', ['i32', 'i32', 'i32'], (f, from, end, flag) => {
    const at = f.local('i32');
    const sum = f.local('v128');
    return seq(
      forRange(at, from, end, 4, sum.set(f32x4.add(sum, f32x4.splat(f32.load(at))))),
      lookForNaN(from, end, at, sum, i32.store(flag, 1)),
    );
  });

const engine = new SimdEngine(kernelMemory!, detectFeatures());

function finds(values: readonly number[]): boolean {
  const memory = kernelMemory!;
  memory.beginKernel();
  try {
    const [at, flag] = [memory.scratch(values.length * 4), memory.scratch(4)];
    memory.heap('float32').set(values, at / 4);
    memory.heap('int32')[flag / 4] = 0;
    engine.load(family)['find']!(at, at + values.length * 4, flag);
    return memory.heap('int32')[flag / 4] === 1;
  } finally {
    memory.endKernel();
  }
}

describe('lookForNaN', () => {
  it.each([1, 3, 4, 5, 16, 19])('finds a NaN at any place among %d elements', (count) => {
    for (let place = 0; place < count; place++)
      expect(finds(Array.from({ length: count }, (_, i) => (i === place ? NaN : i)))).toBe(true);
  });

  it('is not misled by infinities whose sum is NaN, nor by sums that overflow', () => {
    expect(finds([Infinity, 1, -Infinity, 2, 3])).toBe(false);
    expect(finds([3e38, 3e38, -Infinity, 1])).toBe(false);
    expect(finds([1, 2, 3])).toBe(false);
  });
});
