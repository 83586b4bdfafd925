import fc from 'fast-check';
import { ArgumentError, conv2d, randn, setNumThreads, setWinograd } from '@q/tensor';
import { fitsWinograd } from '../../../../src/kernels/simd/conv/conv-winograd.js';
import { elements, largestError, output, reference, simd, viewOf } from '../views.js';

const windows = (padding: number) =>
  ({ kernel: [1, 3, 3], stride: [1, 1, 1], padding: [0, padding, padding], dilation: [1, 1, 1], groups: 1 }) as const;

const size = fc.integer({ min: 13, max: 34 });
const count = fc.integer({ min: 24, max: 40 });

/** The largest element of a contiguous output. */
const largest = (view: ReturnType<typeof output>): number =>
  elements(view).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

afterEach(() => setWinograd(true));

describe("Winograd's convolution", () => {
  it('stays within 2^-17 of the largest output, for any sizes, batches and paddings, with and without bias', () =>
    fc.assert(
      fc.property(
        fc.record({
          channels: fc.oneof(count, fc.constant(257)),
          filters: count,
          height: size,
          width: size,
          padding: fc.integer({ min: 0, max: 2 }),
          batch: fc.integer({ min: 1, max: 2 }),
          biased: fc.boolean(),
          exposed: fc.boolean(),
          seed: fc.nat(),
        }),
        ({ channels, filters, height, width, padding, batch, biased, exposed, seed }) => {
          const x = viewOf([batch, channels, 1, height, width], { seed, exposed, shift: seed % 3 }, false);
          const weight = viewOf([filters, channels, 1, 3, 3], { seed: seed + 1, exposed }, false);
          const bias = biased ? viewOf([filters], { seed: seed + 2 }, false) : null;
          const shape = [batch, filters, 1, height + 2 * padding - 2, width + 2 * padding - 2];
          const [ours, theirs] = [output(shape), output(shape)];
          fc.pre(fitsWinograd(x, ours, windows(padding)));
          simd.conv(x, weight, bias, ours, windows(padding));
          reference.conv(x, weight, bias, theirs, windows(padding));
          expect(largestError(ours, theirs)).toBeLessThanOrEqual(largest(theirs) * 2 ** -17);
        },
      ),
      { numRuns: 12 },
    ));

  it('gives the same bits when the filters are met for the first time and later, and with two threads', () => {
    const [x, weight] = [randn([2, 32, 40, 40]), randn([32, 32, 3, 3])];
    const first = conv2d(x, weight, null, { padding: 1 }).toArray();
    expect(conv2d(x, weight, null, { padding: 1 }).toArray()).toEqual(first);
    setNumThreads(2);
    expect(conv2d(x, weight, null, { padding: 1 }).toArray()).toEqual(first);
    setNumThreads(1);
  });

  it('sees filters that change', () => {
    const [x, weight] = [randn([1, 24, 16, 16]), randn([24, 24, 3, 3])];
    const before = conv2d(x, weight, null);
    weight.mul_(2);
    expect(conv2d(x, weight, null).allclose(before.mul(2), { rtol: 1e-4, atol: 1e-3 })).toBe(true);
  });

  it('is left to convolutions of 3x3 taps, no stride, many channels and not too few outputs', () => {
    const fits = (channels: number, rows: number, change: object = {}) =>
      fitsWinograd(output([1, channels, 1, rows, rows]), output([1, 32, 1, rows, rows]), { ...windows(1), ...change });
    expect(fits(32, 16)).toBe(true);
    expect([fits(8, 16), fits(32, 12), fits(32, 16, { stride: [1, 2, 1] }), fits(32, 16, { groups: 2 })]).toEqual(
      new Array(4).fill(false),
    );
    expect(fits(32, 16, { kernel: [1, 5, 3] })).toBe(false);
  });

  it('can be switched off for the errors of a plain sum', () => {
    const [x, weight] = [randn([1, 32, 20, 20]), randn([32, 32, 3, 3])];
    const exact = conv2d(x.to('float64'), weight.to('float64'), null);
    const error = () => conv2d(x, weight, null).to('float64').sub(exact).abs().amax().item();
    const fast = error();
    setWinograd(false);
    expect(error()).toBeLessThan(fast);
    expect(() => setWinograd(1 as unknown as boolean)).toThrow(ArgumentError);
  });
});
