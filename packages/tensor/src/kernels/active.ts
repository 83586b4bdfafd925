import type { Kernels } from './kernels.js';
import { reference } from './reference/reference.js';

/** The kernels that ops call. */
export const kernels: Kernels = reference;
