import type { Kernels } from './kernels.js';
import { reference } from './reference/reference.js';
import { withSimd } from './simd/simd.js';

/** The kernels that ops call: SIMD where the platform has it, the reference for the rest. */
export const kernels: Kernels = withSimd(reference);
