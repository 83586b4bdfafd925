import fc from 'fast-check';
import { tensor } from '@q/tensor';
import { affine } from '../../src/index.js';

const calls = fc.record({
  bitwidth: fc.integer({ min: 2, max: 8 }),
  symmetric: fc.boolean(),
  low: fc.double({ min: -4, max: -0.5, noNaN: true }),
  high: fc.double({ min: 0.5, max: 4, noNaN: true }),
  values: fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: 6, maxLength: 6 }),
  upstream: fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 6, maxLength: 6 }),
});

const { abs, fround, max, round } = Math;

/** Whether rounding `t` is a close call. */
const tied = (t: number): boolean => abs(abs(t - round(t)) - 0.5) < 1e-3;

/** Central difference of a function of one number. */
const slope = (f: (at: number) => number, at: number): number => (f(at + 1e-4) - f(at - 1e-4)) / 2e-4;

const { Quantize, QuantizeDequantize } = affine;

describe.each([QuantizeDequantize, Quantize])('the gradients of %p', (Quantizer) => {
  it('are those of the formula with each rounding taken for adding a constant, away from ties', () =>
    fc.assert(
      fc.property(calls, ({ bitwidth, symmetric, low, high, values, upstream }) => {
        const quantizer = new Quantizer({ shape: [], bitwidth, symmetric });
        quantizer.setRange(low, high);
        const [qmin, qmax] = [quantizer.qmin, quantizer.qmax];
        const steps = qmax - qmin;
        const x = tensor(values, { requiresGrad: true });
        quantizer.forward(x).backward(tensor(upstream));

        const ends = [fround(low), fround(high)] as const;
        const scale0 = (ends[1] - ends[0]) / steps;
        const zero0 = ends[0] / scale0;
        fc.pre(symmetric || !tied(zero0));
        const offset0 = symmetric ? 0 : round(zero0) - qmin;
        const inputs = values.map(fround);
        // The residues of the roundings, and who is clipped where, are constants.
        const parts = inputs.map((v) => {
          const t = v / scale0;
          const q = round(t) - offset0;
          return { residue: round(t) - t, end: q < qmin ? qmin : q > qmax ? qmax : null, t };
        });
        fc.pre(parts.every(({ t }) => !tied(t)));
        const total = (vs: readonly number[], a: number, b: number): number => {
          const scale = (b - a) / steps;
          const offset = symmetric ? 0 : a / scale + (round(zero0) - zero0) - qmin;
          return vs.reduce((sum, v, i) => {
            const { residue, end } = parts[i]!;
            const position = end ?? v / scale + residue - offset;
            return sum + fround(upstream[i]!) * (Quantizer === Quantize ? position : (position + offset) * scale);
          }, 0);
        };
        const near = (got: number, wanted: number): void =>
          expect(abs(got - wanted)).toBeLessThan(
            2e-3 * max(1, abs(wanted), Quantizer === Quantize ? 1 / scale0 : steps),
          );
        near(
          quantizer.min.grad!.item(),
          slope((a) => total(inputs, a, ends[1]), ends[0]),
        );
        near(
          quantizer.max.grad!.item(),
          slope((b) => total(inputs, ends[0], b), ends[1]),
        );
        Array.from(x.grad!.data).forEach((got, i) =>
          near(
            got,
            slope((v) => total(inputs.with(i, v), ...ends), inputs[i]!),
          ),
        );
      }),
    ));
});
