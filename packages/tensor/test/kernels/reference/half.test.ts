import fc from 'fast-check';
import { readHalf, writeHalf } from '../../../src/kernels/reference/half.js';

/** What 16 bits stand for, by the definition of binary16 in IEEE 754. */
function defined(x: number): number {
  const [sign, exponent, fraction] = [x >> 15 ? -1 : 1, (x >> 10) & 31, x & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}

/** The float16 nearest to a float32, ties to even, by its distance to the multiples next to it. */
function nearest(x: number): number {
  const size = Math.abs(x);
  if (!Number.isFinite(x)) return x;
  let quantum = 2 ** -24;
  while (size >= quantum * 2048) quantum *= 2;
  const low = Math.floor(size / quantum);
  const rest = size / quantum - low;
  const rounded = (rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low) * quantum;
  return (x < 0 || Object.is(x, -0) ? -1 : 1) * (rounded >= 65536 ? Infinity : rounded);
}

describe('float16', () => {
  it('reads all 65536 of them, and writes back what it read', () => {
    for (let x = 0; x < 65536; x++) {
      const value = readHalf.float16(x);
      if (!Object.is(value, defined(x))) throw new Error(`${x} is read as ${value}`);
      const back = writeHalf.float16(value);
      if (back !== (Number.isNaN(value) ? 0x7e00 : x)) throw new Error(`${x} comes back as ${back}`);
    }
  });

  it('writes the nearest to any float32, ties to even', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.float({ noNaN: true }),
          fc.float({ noNaN: true, min: -70000, max: 70000 }),
          fc.float({ noNaN: true, min: Math.fround(-1e-4), max: Math.fround(1e-4) }),
          fc.constantFrom(65519.99609375, 65520, 2 ** -25, 1.5 * 2 ** -24, 2 ** -14, -0, Infinity),
        ),
        (x) => expect(readHalf.float16(writeHalf.float16(x))).toBe(nearest(x)),
      ),
      { numRuns: 2000 },
    ));

  it('rounds the midpoints between neighbours to the even one', () => {
    for (let x = 0; x < 0x7bff; x++) {
      const middle = (readHalf.float16(x) + readHalf.float16(x + 1)) / 2;
      if (writeHalf.float16(middle) !== x + (x % 2))
        throw new Error(`the midpoint above ${x} goes to the odd neighbour`);
    }
  });
});

describe('bfloat16', () => {
  it('is the upper half of a float32, rounded to even', () => {
    for (const x of [1, -1.5, 3.3895313892515355e38, 0, -0, Infinity])
      expect(readHalf.bfloat16(writeHalf.bfloat16(x))).toBe(x);
    expect(readHalf.bfloat16(writeHalf.bfloat16(1 + 2 ** -8))).toBe(1);
    expect(readHalf.bfloat16(writeHalf.bfloat16(1 + 3 * 2 ** -8))).toBe(1 + 2 ** -6);
    expect(readHalf.bfloat16(writeHalf.bfloat16(NaN))).toBeNaN();
  });
});
