import fc from 'fast-check';
import { KernelMemory } from '../src/memory.js';

const memory = KernelMemory.create()!;

describe('KernelMemory', () => {
  it('lets go of the neighbours of a block that is freed, so that garbage does not keep garbage alive', () => {
    const [first, second, third] = [1, 2, 3].map(() => memory.place('float32', 100));
    expect([second!.older, second!.newer]).toEqual([first, third]);
    memory.free(second!);
    expect([second!.older, second!.newer, second!.chunk]).toEqual([null, null, null]);
    expect([first!.newer, third!.older]).toEqual([third, first]);
    memory.free(first!);
    memory.free(third!);
  });

  it('fills bytes with a value, and no others', () =>
    fc.assert(
      fc.property(
        fc.nat({ max: 200 }),
        fc.nat({ max: 16 }),
        fc.integer({ min: -128, max: 255 }),
        (bytes, words, value) => {
          const block = memory.place('uint8', 300);
          const at = block.base + words * 4;
          const heap = memory.heap('uint8');
          heap.fill(77, block.base, block.base + 300);
          memory.fill(at, bytes, value);
          const expected = new Uint8Array(300).fill(77).fill(value, words * 4, words * 4 + bytes);
          expect(heap.slice(block.base, block.base + 300)).toEqual(expected);
          memory.free(block);
        },
      ),
    ));
});
