import type { Layout } from '../../layout.js';
import type { KernelMemory } from '../../memory.js';
import type { View } from '../../storage.js';

/** How an operand is packed; compared by identity. */
export interface Packing {
  /** Bytes of the packed form. */
  bytes(view: View): number;
  /** Writes it to an address of kernel memory. */
  pack(view: View, to: number): void;
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** True where two layouts of one storage visit the same elements in the same order. */
const alike = (a: Layout, b: Layout): boolean =>
  a === b || (a.offset === b.offset && same(a.shape, b.shape) && same(a.strides, b.strides));

/**
 * Address of the packed form of an operand; 0 where it was not met before since it was last written to, because packing for
 * a single use gains nothing. So parameters are packed once, and what changes with every step never is. The form gives way
 * when memory is wanted for something else. To be called between `beginKernel` and `endKernel`.
 */
export function packedForm(memory: KernelMemory, view: View, packing: Packing): number {
  const { storage, layout } = view;
  if (!storage.isStable) return 0;
  const { version, derived } = storage;
  if (!derived || derived.version !== version || derived.form !== packing || !alike(derived.layout, layout)) {
    if (derived?.block) memory.free(derived.block);
    storage.derived = { version, layout, form: packing, block: null };
    return 0;
  }
  if (derived.block?.chunk) memory.use(derived.block);
  else {
    derived.block = memory.place('uint8', packing.bytes(view));
    derived.block.clean = true;
    packing.pack(view, derived.block.chunk!.start);
  }
  return derived.block.chunk!.start;
}
