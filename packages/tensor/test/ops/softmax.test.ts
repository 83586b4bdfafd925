import fc from 'fast-check';
import { DTypeError, tensor, zeros } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { restrided, withDim } from './random.js';

describe('softmax and logSoftmax', () => {
  it('are distributions along any dim of any layout', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => {
        const y = restrided(x).softmax(dim);
        expect(y.shape).toEqual(x.shape);
        for (const total of y.sum(dim).data) expect(total).toBeCloseTo(1, 12);
        const logs = x.logSoftmax(dim).exp();
        logs.data.forEach((value, i) => expect(y.data[i]).toBeCloseTo(value, 12));
      }),
    ));

  it('do not overflow', () => {
    expect(tensor([1000, 1000]).softmax(0).toArray()).toEqual([0.5, 0.5]);
    expect(tensor([-2000, 0]).logSoftmax(0).toArray()).toEqual([-2000, 0]);
  });

  it('ignore -Infinity beside numbers, and are NaN where nothing else is', () => {
    expect(tensor([-Infinity, 0]).softmax(0).toArray()).toEqual([0, 1]);
    expect(tensor([-Infinity, -Infinity]).softmax(0).toArray()).toEqual([NaN, NaN]);
    expect(tensor([Infinity, 0]).softmax(0).toArray()).toEqual([NaN, NaN]);
    expect(tensor([NaN, 0]).logSoftmax(0).toArray()).toEqual([NaN, NaN]);
  });

  it('have the gradient that differences give', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => {
        expectGradient((v) => v.softmax(dim), [x]);
        expectGradient((v) => v.logSoftmax(dim), [x]);
        expectGradient((v) => v.softmin(dim), [x]);
      }),
      { numRuns: 30 },
    ));

  it('take zero-size and 0-d tensors', () => {
    expect(zeros([2, 0]).softmax(1).shape).toEqual([2, 0]);
    expect(zeros([0, 2]).softmax(1).shape).toEqual([0, 2]);
    expect(tensor(3).softmax(0).item()).toBe(1);
  });

  it('want a floating dtype', () => {
    const x = tensor([1, 1], { dtype: 'int32' });
    expect(() => x.softmax(0)).toThrow(DTypeError);
    expect(x.softmax(0, { dtype: 'float32' }).toArray()).toEqual([0.5, 0.5]);
  });
});
