import fc from 'fast-check';
import type { BinaryName, UnaryName } from '../../../src/kernels/contract/elementwise.js';
import { elements, filled, lie, output, reference, simd, ulps, viewOf } from './views.js';

const shapes = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 1500 })),
  fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 70 })),
  fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 })),
);
const exactUnary: UnaryName[] = [
  'neg',
  'abs',
  'square',
  'sqrt',
  'reciprocal',
  'floor',
  'ceil',
  'trunc',
  'round',
  'relu',
];
const exactBinary: BinaryName[] = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'reluGrad'];
const bits = (array: Float32Array): Int32Array =>
  new Int32Array(array.buffer).map((x, i) => (array[i] !== array[i] ? 0x7fc00000 : x));

describe('SIMD elementwise kernels', () => {
  it.each(exactUnary)('%s equals the reference bit for bit on any view', (name) =>
    fc.assert(
      fc.property(shapes, lie, (shape, how) => {
        const x = viewOf(shape, how);
        const [ours, theirs] = [output(shape), output(shape)];
        simd.unary(name, x, ours);
        reference.unary(name, x, theirs);
        expect(bits(elements(ours))).toEqual(bits(elements(theirs)));
      }),
    ),
  );

  it.each(exactBinary)('%s equals the reference bit for bit on any views, broadcast ones included', (name) =>
    fc.assert(
      fc.property(shapes, lie, lie, (shape, howA, howB) => {
        const [a, b] = [viewOf(shape, howA), viewOf(shape, howB)];
        const [ours, theirs] = [output(shape), output(shape)];
        simd.binary(name, a, b, ours);
        reference.binary(name, a, b, theirs);
        expect(bits(elements(ours))).toEqual(bits(elements(theirs)));
      }),
    ),
  );

  it.each(['addcmul', 'addcdiv', 'addScaled'] as const)('%s equals the reference bit for bit', (name) =>
    fc.assert(
      fc.property(shapes, lie, lie, fc.double({ min: -3, max: 3, noNaN: true }), (shape, howA, howB, value) => {
        const [a, b, c] = [viewOf(shape, howA), viewOf(shape, howB), viewOf(shape, { ...howA, seed: 77 })];
        const [ours, theirs] = [output(shape), output(shape)];
        for (const [kernels, out] of [
          [simd, ours],
          [reference, theirs],
        ] as const)
          if (name === 'addScaled') kernels.addScaled(a, b, out, value);
          else kernels.ternary(name, a, b, c, out, value);
        expect(bits(elements(ours))).toEqual(bits(elements(theirs)));
      }),
    ),
  );

  it('writes in place over its own input', () => {
    const x = output([1003]);
    simd.binary('add', x, viewOf([1003], { seed: 3 }, false), x);
    simd.binary('add', x, x, x);
    expect(elements(x)).toEqual(filled(1003, 3, false).map((v) => v * 2));
  });

  it.each([
    ['exp', 2, [-110, 95]],
    ['tanh', 2, [-12, 12]],
    ['sigmoid', 4, [-80, 40]],
    ['silu', 4, [-80, 40]],
  ] as const)('%s stays within %d ulp of the correctly rounded result', (name, bound, [low, high]) => {
    const count = 200_003;
    const x = output([count]);
    const { array, base } = x.storage;
    for (let i = 0; i < count; i++) array[base + i] = low + ((high - low) * i) / count;
    const [ours, theirs] = [output([count]), output([count])];
    simd.unary(name, x, ours);
    reference.unary(name, x, theirs);
    const [got, wanted] = [elements(ours), elements(theirs)];
    let worst = 0;
    for (let i = 0; i < count; i++) worst = Math.max(worst, ulps(got[i]!, wanted[i]!));
    expect(worst).toBeLessThanOrEqual(bound);
  });

  it('gelu stays within 1e-6 of the exact function', () => {
    const count = 100_001;
    const x = output([count]);
    const { array, base } = x.storage;
    for (let i = 0; i < count; i++) array[base + i] = -12 + (24 * i) / count;
    const [ours, theirs] = [output([count]), output([count])];
    simd.unary('gelu', x, ours);
    reference.unary('gelu', x, theirs);
    const [got, wanted] = [elements(ours), elements(theirs)];
    for (let i = 0; i < count; i++)
      expect(Math.abs(got[i]! - wanted[i]!)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(wanted[i]!)));
  });

  it.each(['exp', 'tanh', 'sigmoid', 'gelu', 'silu'] as const)(
    '%s gives the limits at infinities, and NaN for NaN',
    (name) => {
      const x = viewOf([400], {});
      const values = [Infinity, -Infinity, NaN, 0, 1000, -1000];
      values.forEach((value, i) => (x.storage.array[i] = value));
      const [ours, theirs] = [output([400]), output([400])];
      simd.unary(name, x, ours);
      reference.unary(name, x, theirs);
      const [got, wanted] = [elements(ours), elements(theirs)];
      values.forEach((value, i) => {
        // silu and gelu of -Infinity are 0 * Infinity in the formula.
        if (value === -Infinity && (name === 'silu' || name === 'gelu')) return;
        expect(ulps(got[i]!, wanted[i]!)).toBeLessThanOrEqual(1);
      });
    },
  );
});
