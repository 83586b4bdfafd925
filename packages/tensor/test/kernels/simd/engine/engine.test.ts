import { ArgumentError, rand, setFusedMultiplyAdd } from '@q/tensor';
import { seq } from '../../../../src/kernels/simd/assembler/assembler.js';
import { detectFeatures, SimdEngine, type Family } from '../../../../src/kernels/simd/engine/engine.js';
import { kernelMemory } from '../../../../src/memory.js';

const family: Family = ({ module }) => module.func('nothing', ['i32'], () => seq());

describe('a platform that refuses to compile WebAssembly, as a strict content security policy does', () => {
  const { Module } = WebAssembly;

  beforeEach(() => {
    WebAssembly.Module = class {
      constructor() {
        throw new WebAssembly.CompileError('violates the Content Security Policy');
      }
    } as unknown as typeof Module;
  });

  afterEach(() => {
    WebAssembly.Module = Module;
  });

  it('has no kernel memory, and computes with the reference kernels', () =>
    jest.isolateModulesAsync(async () => {
      const { kernelMemory } = await import('../../../../src/memory.js');
      const { reference } = await import('../../../../src/kernels/reference/reference.js');
      const { withSimd } = await import('../../../../src/kernels/simd/simd.js');
      expect(kernelMemory).toBeNull();
      expect(withSimd(reference)).toBe(reference);
    }));
});

it('the platform of the tests has SIMD', () => expect(detectFeatures().simd).toBe(true));

describe('SimdEngine', () => {
  it.each([
    ['keeps', 1, 1],
    ['gives back', 16, 0],
  ])('%s a workspace of %i MiB', (_what, size, kept) => {
    const memory = kernelMemory!;
    const engine = new SimdEngine(memory, detectFeatures());
    const workspace = size * 2 ** 20;
    engine.load(family);
    const before = memory.usage().used;
    for (let time = 0; time < 3; time++)
      engine.divide(family, 'nothing', { count: 1, grain: 1, work: 1, workspace }, () => []);
    expect(Math.floor((memory.usage().used - before) / 2 ** 20)).toBe(kept);
  });
});

describe('setFusedMultiplyAdd', () => {
  afterEach(() => setFusedMultiplyAdd(true));

  it('changes no more than the last bits, and gives the same ones each time', () => {
    const [a, b] = [rand([50, 70]), rand([70, 40])];
    // From the second product on the second operand may be packed, in a form that the other setting must not read.
    const product = () => {
      a.matmul(b);
      return a.matmul(b).data.slice();
    };
    const fused = product();
    setFusedMultiplyAdd(false);
    const unfused = product();
    unfused.forEach((value, i) => expect(value).toBeCloseTo(fused[i]!, 4));
    setFusedMultiplyAdd(true);
    expect(product()).toEqual(fused);
    setFusedMultiplyAdd(false);
    expect(product()).toEqual(unfused);
  });

  it('wants a boolean', () => expect(() => setFusedMultiplyAdd(1 as unknown as boolean)).toThrow(ArgumentError));
});
