import { dtypes } from '../../../dtype.js';
import type { KernelMemory } from '../../../memory.js';
import type { View } from '../../../storage.js';

/** Strides of a `[batch, rows, columns]` view in bytes. */
export const byteStrides = ({ storage, layout }: View): [number, number, number] =>
  layout.strides.map((stride) => stride * dtypes[storage.dtype].bytes) as [number, number, number];

/** Address of the first element of a view that a kernel reads; valid until `endKernel`. */
export const addressOf = (memory: KernelMemory, view: View): number =>
  view.storage.pointer(memory, view.layout) + view.layout.offset * dtypes[view.storage.dtype].bytes;

/** Address of a vector whose elements lie in order, copied where they do not. */
export function lineOf(memory: KernelMemory, view: View): number {
  const { storage, layout } = view;
  const [count] = layout.shape as [number];
  const [step] = layout.strides as [number];
  const at = addressOf(memory, view);
  if (step === 1 || count === 1) return at;
  const { bytes } = dtypes[storage.dtype];
  const to = memory.scratch(count * bytes);
  const heap = memory.heap(storage.dtype);
  for (let i = 0; i < count; i++) heap[to / bytes + i] = heap[at / bytes + i * step]!;
  return to;
}
