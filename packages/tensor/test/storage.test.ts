import fc from 'fast-check';
import {
  memoryUsage,
  noGrad,
  setMemoryBudget,
  tensor,
  zeros,
  ArgumentError,
  MemoryError,
  type Tensor,
} from '@q/tensor';

const MiB = 1024 * 1024;

afterEach(() => setMemoryBudget(256 * MiB));

describe('storage', () => {
  it('loses no value while tensors of random sizes move in and out of a full kernel memory', () => {
    setMemoryBudget(16 * MiB);
    fc.assert(
      fc.property(
        fc.array(fc.record({ size: fc.integer({ min: 1, max: 400_000 }), pick: fc.nat() }), {
          minLength: 5,
          maxLength: 40,
        }),
        (steps) => {
          const live: { tensor: Tensor; value: number }[] = [];
          steps.forEach(({ size, pick }, value) => {
            live.push({ tensor: zeros([size]).add(value), value });
            const { tensor: old, value: before } = live[pick % live.length]!;
            live.push({ tensor: old.add(1), value: before + 1 });
          });
          for (const { tensor: kept, value } of live) {
            expect(kept.sum().item()).toBe(Math.fround(kept.numel * value));
            expect(kept.data[kept.numel - 1]).toBe(value);
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  it('keeps memory bounded when results are thrown away in a synchronous loop', () => {
    setMemoryBudget(32 * MiB);
    const x = zeros([500_000]);
    for (let i = 0; i < 200; i++) x.add(i);
    expect(memoryUsage().used).toBeLessThanOrEqual(34 * MiB);
  });

  it('grows kernel memory for tensors that are used again, not for results that are thrown away', () => {
    setMemoryBudget(16 * MiB);
    setMemoryBudget(128 * MiB);
    const before = memoryUsage().reserved;
    const x = zeros([1 << 20]);
    for (let i = 0; i < 50; i++) x.add(i);
    expect(memoryUsage().reserved).toBeLessThanOrEqual(Math.max(before, 17 * MiB));
    const live = Array.from({ length: 15 }, (_, i) => x.add(i));
    for (let pass = 0; pass < 8; pass++) live.forEach((tensor, i) => expect(tensor.amax().item()).toBe(i));
    expect(memoryUsage().reserved).toBeGreaterThanOrEqual(60 * MiB);
    expect(memoryUsage().reserved).toBeLessThanOrEqual(128 * MiB);
  });

  it('refuses what cannot be placed by a typed error, moves nothing out for it, and leaves every tensor usable', () => {
    setMemoryBudget(64 * MiB);
    const live = Array.from({ length: 4 }, (_, i) => zeros([100_000]).add(i));
    const { used, reserved } = memoryUsage();
    expect(() => zeros([2 ** 30])).toThrow(MemoryError);
    expect(() => live[0]!.expand([2 ** 15, 100_000]).add(1)).toThrow(/cannot place 13107200000 bytes/);
    expect(memoryUsage()).toMatchObject({ used, reserved });
    live.forEach((tensor, i) => expect(tensor.add(1).sum().item()).toBe(100_000 * (i + 1)));
  });

  it('leaves what was moved out to the garbage collector, although nothing lets it report back', () => {
    setMemoryBudget(16 * MiB);
    const x = zeros([1 << 20]);
    // Whatever other tests of this process left there.
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 300; i++) x.add(i);
    // 1.2 GiB went through.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(700 * MiB);
  });

  it('sees what a caller writes to the array it handed in, and to the array that `data` handed out', () => {
    const array = new Float32Array(1000);
    const x = tensor(array);
    expect(x.add(1).sum().item()).toBe(1000);
    array.fill(2);
    expect(x.add(1).sum().item()).toBe(3000);
    const y = zeros([1000]).add(1);
    y.data.fill(5);
    expect(y.mul(2).sum().item()).toBe(10_000);
  });

  it('shows a write in place through every view', () => {
    const base = zeros([100, 10]);
    const row = base.reshape([10, 100]);
    base.matmul(zeros([10, 5]));
    noGrad(() => base.fill_(3));
    expect(row.sum().item()).toBe(3000);
  });
});

describe('setMemoryBudget', () => {
  it('rejects what is not a sensible number of bytes', () => {
    for (const bytes of [NaN, -1, 10, 1e300]) expect(() => setMemoryBudget(bytes)).toThrow(ArgumentError);
  });
});
