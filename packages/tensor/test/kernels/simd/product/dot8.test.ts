import { kernelMemory } from '../../../../src/memory.js';
import { dotsAreExact } from '../../../../src/kernels/simd/product/dot8.js';
import { detectFeatures, SimdEngine } from '../../../../src/kernels/simd/engine/engine.js';
import { emitGemmDot8 } from '../../../../src/kernels/simd/product/gemm-dot8.js';

const engine = new SimdEngine(kernelMemory!, detectFeatures());

describe('the relaxed dot product of bytes', () => {
  it('is asked once, and is exact or not used: an engine without relaxed SIMD answers no', () => {
    const exact = dotsAreExact(engine);
    expect(dotsAreExact(engine)).toBe(exact);
    if (!engine.features.fused) expect(exact).toBe(false);
  });

  it('is compiled by engines that have it only', () => {
    const compile = () => engine.load(({ module }) => emitGemmDot8(module, 'unsigned-signed', 1));
    if (engine.features.fused) expect(Object.keys(compile())).toContain('gemmDot8');
    else expect(compile).toThrow(WebAssembly.CompileError);
  });
});
