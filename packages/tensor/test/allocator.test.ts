import fc from 'fast-check';
import { Allocator, type Chunk } from '../src/allocator.js';

describe('Allocator', () => {
  it('never hands out overlapping chunks, merges what comes back, and loses nothing', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            bytes: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 16_000, max: 17_000 })),
            drop: fc.nat(),
          }),
          { maxLength: 200 },
        ),
        (steps) => {
          const allocator = new Allocator(65536);
          allocator.extend(65536 + 100_000);
          const live: Chunk[] = [];
          for (const { bytes, drop } of steps) {
            const chunk = allocator.allocate(bytes);
            if (chunk) {
              expect(chunk.size).toBeGreaterThanOrEqual(bytes);
              expect(chunk.start % 64).toBe(0);
              for (const other of live)
                expect(chunk.start >= other.start + other.size || other.start >= chunk.start + chunk.size).toBe(true);
              live.push(chunk);
            }
            if (drop % 3 === 0 && live.length > 0) allocator.release(live.splice(drop % live.length, 1)[0]!);
          }
          expect(allocator.used).toBe(live.reduce((sum, chunk) => sum + chunk.size, 0));
          live.forEach((chunk) => allocator.release(chunk));
          expect(allocator.used).toBe(0);
          expect(allocator.allocate(99_968 - 192)).not.toBeNull();
        },
      ),
    ));

  it('says null when nothing is large enough, and serves again after it was extended', () => {
    const allocator = new Allocator(65536);
    expect(allocator.allocate(64)).toBeNull();
    allocator.extend(65536 + 128);
    expect(allocator.allocate(192)).toBeNull();
    allocator.extend(65536 + 256);
    expect(allocator.allocate(192)!.start).toBe(65536);
  });

  it('lets large chunks of one size begin at different places of a power of two', () => {
    const allocator = new Allocator(65536);
    allocator.extend(65536 + 2 ** 20);
    const places = Array.from({ length: 8 }, () => allocator.allocate(2 ** 16)!.start % 2 ** 16);
    expect(new Set(places).size).toBe(8);
  });

  it('lets go of the neighbours of a chunk that another took in, so that garbage does not keep garbage alive', () => {
    const allocator = new Allocator(65536);
    allocator.extend(65536 + 512);
    const [first, second] = [allocator.allocate(64)!, allocator.allocate(64)!];
    allocator.release(first);
    allocator.release(second);
    expect([second.before, second.after]).toEqual([null, null]);
    expect(allocator.allocate(512)).toBe(first);
  });
});
