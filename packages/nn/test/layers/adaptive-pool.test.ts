import { arange, tensor, type Tensor } from '@q/tensor';
import { AdaptiveAvgPool2d, AdaptiveMaxPool1d, Sequential } from '@q/nn';

describe('adaptive pooling', () => {
  it('gives the maxima of parts that overlap where the size is no multiple, and where they are when asked', () => {
    const x = tensor([[1, 5, 2]]);
    const plain: Tensor = new AdaptiveMaxPool1d(2).forward(x);
    expect(plain.toArray()).toEqual([[5, 5]]);
    const { values, indices } = new AdaptiveMaxPool1d(2, { returnIndices: true }).forward(x);
    expect([values.toArray(), indices.toArray()]).toEqual([[[5, 5]], [[1, 1]]]);
  });

  it('gives means, keeps the size of a dim for null, and reads its size at every call', () => {
    const x = arange(8).to('float32').reshape([1, 4, 2]);
    const pool = new AdaptiveAvgPool2d([2, null]);
    expect(new Sequential(pool).forward(x).toArray()).toEqual([
      [
        [1, 2],
        [5, 6],
      ],
    ]);
    pool.outputSize = 1;
    expect(pool.forward(x).toArray()).toEqual([[[3.5]]]);
  });
});
