import fc from 'fast-check';
import type { BinaryName, UnaryName } from '../../../../src/kernels/contract/elementwise.js';
import { alloc, Storage, type View } from '../../../../src/storage.js';
import { elements, filled, firstDifference, lie, output, reference, simd, ulps, viewOf } from '../views.js';

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
  'frac',
  'sign',
  'cube',
  'rsqrt',
  'hardsigmoid',
  'hardswish',
  'softsign',
];
const exactBinary: BinaryName[] = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'reluGrad'];
const bytes = ({ storage: { array, base, length } }: View<'bool'>): Uint8Array => array.slice(base, base + length);

describe('SIMD elementwise kernels', () => {
  it.each(exactUnary)('%s equals the reference bit for bit on any view', (name) =>
    fc.assert(
      fc.property(shapes, lie, (shape, how) => {
        const x = viewOf(shape, how);
        const [ours, theirs] = [output(shape), output(shape)];
        simd.unary(name, x, ours);
        reference.unary(name, x, theirs);
        expect(firstDifference(ours, theirs)).toBe(-1);
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
        expect(firstDifference(ours, theirs)).toBe(-1);
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
        expect(firstDifference(ours, theirs)).toBe(-1);
      }),
    ),
  );

  it.each([
    ['clamp', [-0.3, 1.1]],
    ['threshold', [0.1, 7]],
    ['leakyRelu', [0.01]],
    ['hardshrink', [0.7]],
    ['softshrink', [0.7]],
    ['nanToNum', [0.5, 7, -7]],
  ] as const)('%s equals the reference bit for bit', (name, params) =>
    fc.assert(
      fc.property(shapes, lie, (shape, how) => {
        const x = viewOf(shape, how);
        const [ours, theirs] = [output(shape), output(shape)];
        simd.parametric(name, x, ours, params);
        reference.parametric(name, x, theirs, params);
        expect(firstDifference(ours, theirs)).toBe(-1);
      }),
    ),
  );

  it.each(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const)('%s equals the reference on any views', (name) =>
    fc.assert(
      fc.property(shapes, lie, lie, (shape, howA, howB) => {
        // Few distinct values, so that many are equal.
        const [a, b] = [viewOf(shape, howA), viewOf(shape, { ...howB, seed: howA.seed })];
        const [ours, theirs] = [alloc(shape, 'bool'), alloc(shape, 'bool')];
        simd.compare(name, a, b, ours);
        reference.compare(name, a, b, theirs);
        expect(bytes(ours)).toEqual(bytes(theirs));
      }),
    ),
  );

  it('where equals the reference for any views and conditions', () =>
    fc.assert(
      fc.property(shapes, lie, lie, lie, (shape, howA, howB, howC) => {
        const [a, b] = [viewOf(shape, howA), viewOf(shape, howB)];
        const source = viewOf(shape, howC);
        const condition = {
          storage: new Storage(
            'bool',
            source.storage.length,
            Uint8Array.from(source.storage.array, (v) => (v > 1 ? 1 : 0)),
            howC.exposed,
          ),
          layout: source.layout,
        };
        const [ours, theirs] = [output(shape), output(shape)];
        simd.where(condition, a, b, ours);
        reference.where(condition, a, b, theirs);
        expect(firstDifference(ours, theirs)).toBe(-1);
      }),
    ));

  it.each(['sigmoidGrad', 'tanhGrad', 'siluGrad', 'geluGrad'] as const)(
    '%s stays within 1e-6 of the exact function',
    (name) => {
      const count = 4001;
      const [grad, y] = [output([count]), output([count])];
      for (let i = 0; i < count; i++) {
        grad.storage.array[grad.storage.base + i] = 1 - i / count;
        y.storage.array[y.storage.base + i] = name.startsWith('s') || name === 'tanhGrad' ? i / count : -20 + i / 100;
      }
      const [ours, theirs] = [output([count]), output([count])];
      simd.binary(name, grad, y, ours);
      reference.binary(name, grad, y, theirs);
      const wanted = elements(theirs);
      const worst = elements(ours).reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
      expect(worst).toBeLessThanOrEqual(1e-6);
    },
  );

  it('writes in place over its own input', () => {
    const x = output([1003]);
    simd.binary('add', x, viewOf([1003], { seed: 3 }, false), x);
    simd.binary('add', x, x, x);
    expect(elements(x)).toEqual(filled(1003, 3, false).map((v) => v * 2));
  });

  /** The largest distance from the reference over evenly spaced values. */
  function worstOf(
    run: (kernels: typeof simd, x: View<'float32'>, out: View<'float32'>) => void,
    [low, high]: readonly number[],
    distance: (got: number, wanted: number) => number,
  ): number {
    const count = 200_003;
    const x = output([count]);
    const { array, base } = x.storage;
    for (let i = 0; i < count; i++) array[base + i] = low! + ((high! - low!) * i) / count;
    const [ours, theirs] = [output([count]), output([count])];
    run(simd, x, ours);
    run(reference, x, theirs);
    const wanted = elements(theirs);
    return elements(ours).reduce((worst, value, i) => Math.max(worst, distance(value, wanted[i]!)), 0);
  }

  it.each([
    ['exp', 2, [-110, 95]],
    ['exp2', 2, [-155, 130]],
    ['exp2', 2, [-1, 1]],
    ['expm1', 2, [-110, 95]],
    ['expm1', 2, [-1, 1]],
    ['expm1', 2, [-1e-5, 1e-5]],
    ['log2', 2, [1e-40, 4]],
    ['log2', 2, [0.9, 1.1]],
    ['log2', 2, [0, 3e38]],
    ['log2', 2, [0, 2e-38]],
    ['sin', 2, [-10, 10]],
    ['sin', 2, [-1e-3, 1e-3]],
    ['sin', 2, [-12_800, 12_800]],
    ['cos', 2, [-10, 10]],
    ['cos', 2, [-12_800, 12_800]],
    ['sin', 1, [-12_800, 12_900]],
    ['cos', 1, [-1e30, 1e30]],
    ['tanh', 2, [-12, 12]],
    ['tanh', 2, [-1e-3, 1e-3]],
    ['sigmoid', 4, [-80, 40]],
    ['silu', 4, [-80, 40]],
    ['log', 2, [1e-40, 4]],
    ['log', 2, [0, 3e38]],
    ['log', 2, [0, 2e-38]],
    ['log1p', 3, [-0.999, 20]],
    ['log1p', 3, [-1e-5, 1e-5]],
    ['erf', 8, [-5, 5]],
    ['mish', 6, [-20, 40]],
    ['gelu', 6, [-4, 4]],
    ['gelu', 6, [-6, 12]],
    ['gelu', 400, [-13, -6]],
  ] as const)('%s stays within %d ulp of the correctly rounded result over %j', (name, bound, range) =>
    expect(worstOf((kernels, x, out) => kernels.unary(name, x, out), range, ulps)).toBeLessThanOrEqual(bound),
  );

  it.each([
    ['elu', 3, [1, 1, 1]],
    ['elu', 4, [1.67, 1.05, 0.5]],
    // A parameter is rounded to float32, which the exponential makes more of.
    ['elu', 12, [-0.7, 1, -0.7]],
    ['softplus', 6, [1, 20]],
    ['softplus', 8, [2, 20]],
  ] as const)('%s stays within %d ulp of the correctly rounded result for parameters %j', (name, bound, params) =>
    expect(worstOf((kernels, x, out) => kernels.parametric(name, x, out, params), [-15, 30], ulps)).toBeLessThanOrEqual(
      bound,
    ),
  );

  it.each(['logsigmoid', 'geluTanh'] as const)('%s stays within 1e-6 of the exact function', (name) =>
    expect(
      worstOf(
        (kernels, x, out) => kernels.unary(name, x, out),
        [-12, 12],
        (got, wanted) => Math.abs(got - wanted) / Math.max(1, Math.abs(wanted)),
      ),
    ).toBeLessThanOrEqual(1e-6),
  );

  it.each([
    'exp',
    'exp2',
    'expm1',
    'log2',
    'sin',
    'cos',
    'tanh',
    'sigmoid',
    'gelu',
    'silu',
    'log',
    'log1p',
    'rsqrt',
    'erf',
    'mish',
    'logsigmoid',
  ] as const)('%s gives the limits at infinities, and NaN for NaN', (name) => {
    const x = viewOf([400], {}, false);
    const values = [Infinity, -Infinity, NaN, 0, 1000, -1000, -0, -1];
    values.forEach((value, i) => (x.storage.array[i] = value));
    const [ours, theirs] = [output([400]), output([400])];
    simd.unary(name, x, ours);
    reference.unary(name, x, theirs);
    const [got, wanted] = [elements(ours), elements(theirs)];
    values.forEach((value, i) => {
      expect([value, ulps(got[i]!, wanted[i]!) <= 4]).toEqual([value, true]);
    });
  });

  it.each(['sin', 'cos'] as const)('%s gives the same bits however the elements lie', (name) =>
    fc.assert(
      fc.property(shapes, lie, (shape, how) => {
        const x = viewOf(shape, how, false);
        const inOrder = output(shape);
        reference.copy(x, inOrder);
        const [ours, theirs] = [output(shape), output(shape)];
        simd.unary(name, x, ours);
        simd.unary(name, inOrder, theirs);
        expect(firstDifference(ours, theirs)).toBe(-1);
      }),
    ),
  );

  it('exp2 and log2 are exact for powers of two', () => {
    const count = 254;
    const [x, powers, logarithms] = [output([count]), output([count]), output([count])];
    for (let i = 0; i < count; i++) x.storage.array[x.storage.base + i] = i - 126;
    simd.unary('exp2', x, powers);
    simd.unary('log2', powers, logarithms);
    expect(elements(powers)).toEqual(Float32Array.from({ length: count }, (_, i) => 2 ** (i - 126)));
    expect(elements(logarithms)).toEqual(elements(x));
  });

  it.each(['sin', 'expm1', 'tanh'] as const)('%s keeps the sign of zeros', (name) => {
    const [x, y] = [output([400]), output([400])];
    x.storage.array.fill(-0, x.storage.base, x.storage.base + 400);
    simd.unary(name, x, y);
    expect(elements(y).every((value) => Object.is(value, -0))).toBe(true);
  });
});
