import { kernelMemory } from '../../memory.js';
import type { Kernels } from '../kernels.js';
import { simdElementwise } from './elementwise.js';
import { detectFeatures, SimdEngine } from './engine.js';
import { simdMatmul } from './matmul.js';

/** The kernels with everything that has a SIMD form replaced by it; `reference` itself where the platform has no SIMD. */
export function withSimd(reference: Kernels): Kernels {
  if (!kernelMemory) return reference;
  const features = detectFeatures();
  if (!features.simd) return reference;
  const engine = new SimdEngine(kernelMemory, features);
  return { ...reference, ...simdElementwise(engine, reference), ...simdMatmul(engine, reference) };
}
