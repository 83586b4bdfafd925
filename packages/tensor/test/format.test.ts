import { inspect } from 'node:util';
import { arange, ones, tensor, zeros } from '@q/tensor';

describe('toString', () => {
  it.each([
    [tensor(3.5), 'tensor(3.5000, dtype=float32)'],
    [tensor([1, 2, -30]), 'tensor([  1.,   2., -30.], dtype=float32)'],
    [tensor([0.5, 10]), 'tensor([ 0.5000, 10.0000], dtype=float32)'],
    [tensor([1e-6, 1]), 'tensor([1.0000e-06, 1.0000e+00], dtype=float32)'],
    [tensor([1, NaN, -Infinity]), 'tensor([  1.,  nan, -inf], dtype=float32)'],
    [tensor([-0, 0]), 'tensor([-0.,  0.], dtype=float32)'],
    [tensor([1, 20], { dtype: 'uint8' }), 'tensor([ 1, 20], dtype=uint8)'],
    [tensor([true, false]), 'tensor([ true, false], dtype=bool)'],
    [tensor([1.5], { dtype: 'bfloat16' }), 'tensor([1.5000], dtype=bfloat16)'],
    [zeros([0, 3]), 'tensor([], shape=[0, 3], dtype=float32)'],
    [zeros([0]), 'tensor([], dtype=float32)'],
  ])('prints one row: %#', (x, text) => expect(x.toString()).toBe(text));

  it('aligns columns and parts matrices by an empty line', () => {
    expect(arange(12).reshape([2, 2, 3]).toString()).toBe(
      [
        'tensor([[[ 0,  1,  2],',
        '         [ 3,  4,  5]],',
        '',
        '        [[ 6,  7,  8],',
        '         [ 9, 10, 11]]], dtype=int32)',
      ].join('\n'),
    );
  });

  it('shows views as they are seen and says that a gradient is required', () => {
    expect(arange(4).reshape([2, 2]).T.toString()).toBe('tensor([[0, 2],\n        [1, 3]], dtype=int32)');
    expect(tensor([1], { requiresGrad: true }).toString()).toBe('tensor([1.], dtype=float32, requiresGrad=true)');
  });

  it('shortens more than 1000 elements to the edges of each dim', () => {
    expect(arange(1001).toString()).toBe(
      'tensor([   0,    1,    2,  ...,  998,  999, 1000], shape=[1001], dtype=int32)',
    );
    const text = ones([100, 2, 100]).toString();
    expect(text.length).toBeLessThan(1200);
    expect(text).toContain('shape=[100, 2, 100]');
    expect(arange(1000).toString()).not.toContain('...');
  });

  it('breaks long rows', () => {
    const lines = arange(60).toString().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('is what consoles print', () => expect(inspect(tensor([1]))).toBe('tensor([1.], dtype=float32)'));
});
