import type { Open, Task } from './peer.js';
import { operand, type Workload } from './workloads.js';

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function minmax(x: Float32Array): Float32Array {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return Float32Array.of(min, max);
}

function histogram(x: Float32Array, bins: number, bound: number): Float32Array {
  const counts = new Float32Array(bins);
  const perBin = bins / (2 * bound);
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if (value >= -bound && value <= bound) counts[Math.min(Math.floor((value + bound) * perBin), bins - 1)]!++;
  }
  return counts;
}

/** Loops as one would write them without a library, where no other library has the operation. */
export const open: Open = () => ({
  prepare(workload: Workload): Task | null {
    if (workload.kind === 'minmax') {
      const x = operand('first', count(workload.shape));
      return { run: () => minmax(x), read: () => [...minmax(x)].map((value) => Float32Array.of(value)) };
    }
    if (workload.kind === 'histogram') {
      const { bins, bound, shape } = workload;
      const x = operand('first', count(shape), bound);
      return { run: () => histogram(x, bins, bound), read: () => [histogram(x, bins, bound)] };
    }
    return null;
  },
});
