import { ArgumentError, randn, ShapeError, tensor, zeros, type Tensor } from '@q/tensor';
import {
  AvgPool2d,
  FractionalMaxPool2d,
  FractionalMaxPool3d,
  LPPool1d,
  MaxPool1d,
  MaxPool2d,
  MaxUnpool1d,
  Sequential,
  custom,
} from '@q/nn';

describe('max pooling', () => {
  it('gives a tensor, and where the maxima are when asked', () => {
    const x = tensor([[[1, 3, 2, 0]]]);
    const plain: Tensor = new MaxPool1d(2).forward(x);
    expect(plain.toArray()).toEqual([[[3, 2]]]);
    const { values, indices } = new MaxPool1d(2, { returnIndices: true }).forward(x);
    expect(values.toArray()).toEqual([[[3, 2]]]);
    expect(indices.toArray()).toEqual([[[1, 2]]]);
    expect(new MaxUnpool1d(2).forward(values, indices).toArray()).toEqual([[[0, 3, 2, 0]]]);
    expect(new MaxUnpool1d(2).forward(values, indices, { outputSize: [5] }).shape).toEqual([1, 1, 5]);
  });

  it('takes windows as the functions do: one number, a list of one, or one per dim', () => {
    const x = randn([1, 2, 4, 4]);
    const wanted = new MaxPool2d(2).forward(x).toArray();
    for (const size of [[2], [2, 2]]) expect(new MaxPool2d(size).forward(x).toArray()).toEqual(wanted);
    expect(new MaxUnpool1d([2], { stride: [3] }).stride).toEqual([3]);
    expect(() => new MaxPool2d([2, 2, 2])).toThrow(/MaxPool2d: kernelSize must be one integer or 2 of them/);
  });

  it('stands in a Sequential and reads its options at every call', () => {
    const pool = new MaxPool2d(2);
    expect(new Sequential(pool).forward(randn([1, 2, 4, 4])).shape).toEqual([1, 2, 2, 2]);
    pool.stride = 1;
    expect(pool.forward(randn([1, 2, 4, 4])).shape).toEqual([1, 2, 3, 3]);
  });

  it('shrinks by a fraction', () => {
    const pool = new FractionalMaxPool2d(2, { outputRatio: 0.5 });
    expect(pool.forward(randn([1, 3, 9, 9])).shape).toEqual([1, 3, 4, 4]);
    expect(pool.forward(randn([3, 9, 9])).shape).toEqual([3, 4, 4]);
  });

  it('by a fraction takes a batch of nothing', () => {
    const x = zeros([0, 3, 6, 6], { requiresGrad: true });
    const y = new FractionalMaxPool2d(2, { outputSize: [2, 3] }).forward(x);
    y.sum().backward();
    expect([y.shape, x.grad!.shape]).toEqual([
      [0, 3, 2, 3],
      [0, 3, 6, 6],
    ]);
    const whole = new FractionalMaxPool3d(2, { outputRatio: 0.5, returnIndices: true }).forward(zeros([0, 1, 6, 6, 6]));
    expect([whole.values.shape, whole.indices.shape]).toEqual([
      [0, 1, 3, 3, 3],
      [0, 1, 3, 3, 3],
    ]);
    expect(() => new FractionalMaxPool2d(2, { outputSize: 2 }).forward(zeros([2, 0, 6, 6]))).toThrow(ShapeError);
    expect(() => new FractionalMaxPool2d(2, { outputSize: 9 }).forward(x)).toThrow(ShapeError);
  });

  it('refuses windows that are none', () => {
    expect(() => new MaxPool2d([1, 2, 3])).toThrow(ArgumentError);
    expect(() => new AvgPool2d(0)).toThrow(/AvgPool2d: kernelSize/);
  });
});

describe('averages', () => {
  it('of powers: the p-norm of each window', () => {
    const [[[value]]] = new LPPool1d(2, 2).forward(tensor([[[3, 4]]])).toArray() as [[[number]]];
    expect(value).toBeCloseTo(5, 6);
  });

  it('custom.AvgPool2d takes the window with the call', () => {
    const x = randn([1, 1, 4, 4]);
    expect(new custom.AvgPool2d().forward(x, 2).equal(new AvgPool2d(2).forward(x))).toBe(true);
  });
});
