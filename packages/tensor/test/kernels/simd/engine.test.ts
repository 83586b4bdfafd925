import { reference } from '../../../src/kernels/reference/reference.js';
import { detectFeatures } from '../../../src/kernels/simd/engine.js';
import { withSimd } from '../../../src/kernels/simd/simd.js';

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

  it('has no features', () => expect(detectFeatures()).toMatchObject({ simd: false, fused: false }));

  it('computes with the reference kernels', () => expect(withSimd(reference)).toBe(reference));
});

it('the platform of the tests has SIMD', () => expect(detectFeatures().simd).toBe(true));
