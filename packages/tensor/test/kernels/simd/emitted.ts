import { ModuleBuilder } from '../../../src/kernels/simd/assembler/assembler.js';
import { ConstantTable } from '../../../src/kernels/simd/engine/constants.js';
import type { Emission, Kernel } from '../../../src/kernels/simd/engine/engine.js';

/** What is emitted, in a module by itself, with so many pages of memory of its own; without fused instructions, which not every engine has. */
export function emitted(
  pages: number,
  emit: (emission: Emission) => void,
): { readonly memory: WebAssembly.Memory; readonly functions: Readonly<Record<string, Kernel>> } {
  const module = new ModuleBuilder({ initial: pages, maximum: pages, shared: false });
  const constants = new ConstantTable();
  emit({ module, constants, features: { simd: true, fused: false, unrolls: false } });
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  constants.write(new Int32Array(memory.buffer));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } });
  return { memory, functions: exports as Record<string, Kernel> };
}

/** Rooms in a memory, one behind the other, at multiples of 16 bytes, and numbers to fill them with. */
export function rooms({ buffer }: WebAssembly.Memory, seed: number) {
  let [next, state] = [4096, seed];
  /** 16 bits. */
  const drawn = (): number => (state = (Math.imul(state, 1103515245) + 12345) | 0) >>> 16;
  const room = (size: number): number => {
    const at = next;
    next += Math.ceil(size / 16) * 16;
    if (next > buffer.byteLength) throw new RangeError(`${next} bytes in a memory of ${buffer.byteLength}`);
    return at;
  };
  /** A room of random bytes. */
  const bytes = (count: number): number => {
    const at = room(count);
    new Uint8Array(buffer, at, count).forEach((_, i, all) => (all[i] = drawn()));
    return at;
  };
  return { drawn, room, bytes };
}
