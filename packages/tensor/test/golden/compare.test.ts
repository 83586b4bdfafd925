import fc from 'fast-check';
import { firstDifference, toleranceAt, type Result, type Tolerance } from './compare.js';
import type { Scalar, TensorRecord } from './format.js';

const record = (data: Scalar[], dtype = 'float32', shape = [data.length]): TensorRecord => ({ shape, dtype, data });
const result = (values: number[], dtype = 'float32', shape = [values.length]): Result => ({ shape, dtype, values });

const difference = (values: number[], data: Scalar[], tolerance?: Tolerance, options = {}): string | null =>
  firstDifference(result(values), record(data), tolerance, options);

describe('firstDifference', () => {
  it('accepts what is equal, NaN meeting NaN and infinities by sign', () =>
    expect(difference([1, NaN, Infinity, -Infinity], [1, 'NaN', 'Infinity', '-Infinity'])).toBeNull());

  it('rounds expected decimals to float32', () => expect(difference([Math.fround(0.1)], [0.1])).toBeNull());

  it('names the first element that differs and counts all', () =>
    expect(firstDifference(result([1, 2, 3, 5], 'float32', [2, 2]), record([1, 2, 4, 6], 'float32', [2, 2]))).toMatch(
      /element \[1, 0\]: 3, expected 4; 2 of 4 differ/,
    ));

  it.each<[number, Scalar]>([
    [1, 'NaN'],
    [NaN, 1],
    [Infinity, '-Infinity'],
    [3e38, 'Infinity'],
    [Infinity, 3e38],
  ])('tells %s from %s under any tolerance', (actual, expected) =>
    expect(difference([actual], [expected], [1, 1e39])).not.toBeNull(),
  );

  it('notices the last bit where exactness is asked for', () =>
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true, min: 1 }), (value) => {
        const next = new Float32Array([value]);
        new Int32Array(next.buffer)[0]! += 1;
        expect(difference([...next], [value])).not.toBeNull();
        expect(difference([value], [value])).toBeNull();
      }),
    ));

  it('allows exactly atol + rtol * |expected|', () => {
    expect(difference([10.5], [10], [0.04, 0.125])).toBeNull();
    expect(difference([10.5], [10], [0.03, 0.125])).toMatch(/off by/);
    expect(difference([10.5], [10], [NaN, 0.125])).not.toBeNull();
  });

  it('minds the sign of zero only where asked', () => {
    expect(difference([-0], [0])).toBeNull();
    expect(difference([-0], [0], 'exact', { signedZero: true })).toMatch(/-0, expected 0/);
  });

  it('takes element by element bounds', () => {
    const elementwise = record([0, 1]);
    expect(difference([1, 2.5], [1, 2], 'exact', { elementwise })).toBeNull();
    expect(difference([1.5, 2], [1, 2], 'exact', { elementwise })).not.toBeNull();
  });

  it('takes exactly one step, only where one may be off', () => {
    const oneStep = (i: number): number | null => (i === 0 ? 0.5 : null);
    for (const off of [-0.5, 0, 0.5]) expect(difference([1 + off, 2], [1, 2], 'exact', { oneStep })).toBeNull();
    for (const off of [-1, -0.25, 0.25, 1])
      expect(difference([1 + off, 2], [1, 2], 'exact', { oneStep })).not.toBeNull();
    expect(difference([1, 2.5], [1, 2], 'exact', { oneStep })).not.toBeNull();
  });

  it('compares shape and dtype first; int64 is int32 here', () => {
    expect(firstDifference(result([1], 'float32', []), record([1]))).toMatch(/shape \[\], expected \[1\]/);
    expect(firstDifference(result([1], 'float64'), record([1]))).toMatch(/dtype float64/);
    expect(firstDifference(result([1], 'int32'), record([1], 'int64'))).toBeNull();
  });

  it('passes over null entries', () => expect(difference([5, 1], [null, 1])).toBeNull());
});

describe('toleranceAt', () => {
  const tol = { output: [1, 2], outputs: ['exact', [3, 4]], grads: { x: [5, 6] } };

  it('follows the path', () => {
    expect(toleranceAt(tol, 'output')).toEqual([1, 2]);
    expect(toleranceAt(tol, 'outputs', 1)).toEqual([3, 4]);
    expect(toleranceAt(tol, 'grads', 'x')).toEqual([5, 6]);
  });

  it('is one tolerance for everything where only one is given, and exact where none is', () => {
    expect(toleranceAt([1, 2], 'grads', 'x')).toEqual([1, 2]);
    expect(toleranceAt(tol, 'grads', 'y')).toBe('exact');
  });
});
