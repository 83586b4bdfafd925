import type { Tensor } from '@q/tensor';
import { elementsOf } from '../../elements.js';

/** Bytes added to a sum by words of 32 bits, none of which leaves it as it was: FNV-1a, its high bits mixed into the low ones. */
function added(sum: number, { buffer, byteOffset, byteLength }: ArrayBufferView): number {
  const isAligned = byteOffset % 4 === 0;
  const memory = isAligned ? buffer : buffer.slice(byteOffset, byteOffset + byteLength);
  const start = isAligned ? byteOffset : 0;
  const words = new Uint32Array(memory, start, byteLength >> 2);
  const rest = new Uint8Array(memory, start + words.byteLength, byteLength % 4);
  let mixed = sum;
  // By their positions: an iterator takes ten times as long.
  for (const parts of [words, rest])
    for (let i = 0; i < parts.length; i++) {
      mixed = Math.imul(mixed ^ parts[i]!, 0x01000193);
      mixed ^= mixed >>> 15;
    }
  return mixed;
}

const codesOf = (text: string): Uint16Array =>
  Uint16Array.from({ length: text.length }, (_entry, i) => text.charCodeAt(i));

/** A sum of what a file says in texts and in tensors, by which damage shows. */
export function checksum(texts: readonly string[], tensors: Readonly<Record<string, Tensor>>): string {
  let sum = 0x811c9dc5 | 0;
  for (const text of texts) sum = added(sum, codesOf(text));
  for (const [name, value] of Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1))) {
    sum = added(sum, codesOf(`${name} ${value.dtype} [${value.shape.join(', ')}]`));
    sum = added(sum, elementsOf(value)[0]);
  }
  return (sum >>> 0).toString(16).padStart(8, '0');
}
