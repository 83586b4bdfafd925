import type { Layout } from '../../../layout.js';
import type { KernelMemory } from '../../../memory.js';
import type { Derived, Packing, View } from '../../../storage.js';
import type { SimdEngine } from '../engine/engine.js';
import { gemmVariant, type GemmVariant } from './gemm-f32.js';

export type { Packing };

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** The form that a variant of the float32 product reads, which changes with `setFusedMultiplyAdd`: `make` is asked for each once. */
export function formOfVariant(engine: SimdEngine, make: (variant: GemmVariant) => Packing): () => Packing {
  const [unfused, fused] = [false, true].map((fused) => make(gemmVariant({ ...engine.features, fused }))) as [
    Packing,
    Packing,
  ];
  return () => (engine.used.fused ? fused : unfused);
}

/** True where two layouts of one storage visit the same elements in the same order. */
const alike = (a: Layout, b: Layout): boolean =>
  a === b || (a.offset === b.offset && same(a.shape, b.shape) && same(a.strides, b.strides));

/** Makes the packed form that belongs to a storage, in memory that may be taken for something else later. */
function packInto(memory: KernelMemory, view: View, derived: Derived): number {
  const block = memory.place('uint8', derived.form.bytes(view));
  block.clean = true;
  derived.block = block;
  derived.form.pack(view, block.chunk!.start);
  return block.chunk!.start;
}

/** What a storage remembers of a packed form; fresh where it was not met since the storage was last written to. */
function remembered(
  memory: KernelMemory,
  { storage, layout }: View,
  form: Packing,
): { derived: Derived; fresh: boolean } {
  const { version, derived } = storage;
  if (derived && derived.version === version && derived.form === form && alike(derived.layout, layout))
    return { derived, fresh: false };
  if (derived?.block) memory.free(derived.block);
  return { derived: (storage.derived = { version, layout, form, block: null }), fresh: true };
}

/** Address of what was packed before, 0 where it is not there any more. */
function present(memory: KernelMemory, { block }: Derived): number {
  if (!block?.chunk) return 0;
  memory.use(block);
  return block.chunk.start;
}

/**
 * Address of the packed form of an operand; 0 where it was not met before since it was last written to, because packing for
 * a single use gains nothing. So parameters are packed once, and what changes with every step never is. The form gives way
 * when memory is wanted for something else. To be called between `beginKernel` and `endKernel`.
 */
export function packedForm(memory: KernelMemory, view: View, form: Packing): number {
  if (!view.storage.isStable) return 0;
  const { derived, fresh } = remembered(memory, view, form);
  return fresh ? 0 : present(memory, derived) || packInto(memory, view, derived);
}

/** As `packedForm`, for operands that are used in packed form only: packed when first met. */
export function packedAlways(memory: KernelMemory, view: View, form: Packing): number {
  if (view.storage.isStable) {
    const { derived } = remembered(memory, view, form);
    return present(memory, derived) || packInto(memory, view, derived);
  }
  const to = memory.scratch(form.bytes(view));
  form.pack(view, to);
  return to;
}
