import { DTypeError, IndexError, nllLoss, ShapeError, tensor, zeros, type Tensor } from '@q/tensor';

const x = tensor([
  [-1, -2, -3],
  [-4, -5, -6],
  [-7, -8, -9],
]);
const classes = (values: number[]): Tensor => tensor(values, { dtype: 'int32' });

describe('nllLoss', () => {
  it('is minus the log-probability of each class, their sum or their mean', () => {
    expect(nllLoss(x, classes([0, 2, 1]), { reduction: 'none' }).toArray()).toEqual([1, 6, 8]);
    expect(nllLoss(x, classes([0, 2, 1]), { reduction: 'sum' }).item()).toBe(15);
    expect(nllLoss(x, classes([0, 2, 1])).item()).toBe(5);
  });

  it('weighs classes, also in the mean', () => {
    const weight = tensor([1, 0.5, 3]);
    expect(nllLoss(x, classes([0, 2, 1]), { weight, reduction: 'none' }).toArray()).toEqual([1, 18, 4]);
    expect(nllLoss(x, classes([0, 2, 1]), { weight }).item()).toBeCloseTo(23 / 4.5, 6);
  });

  it('leaves out what is ignored, NaN included, and gives NaN where nothing is left', () => {
    const odd = tensor([[NaN, -2, -3], [-4, -5, -6]]); // prettier-ignore
    expect(nllLoss(odd, classes([7, 1]), { ignoreIndex: 7 }).item()).toBe(5);
    expect(nllLoss(odd, classes([7, 1]), { ignoreIndex: 7, reduction: 'none' }).toArray()).toEqual([0, 5]);
    expect(nllLoss(odd, classes([7, 7]), { ignoreIndex: 7 }).item()).toBeNaN();
  });

  it('takes positions, views and a single sample', () => {
    const image = x.reshape([1, 3, 3]).transpose(1, 2);
    expect(nllLoss(image, classes([0, 2, 1]).reshape([1, 3]), { reduction: 'none' }).toArray()).toEqual([[1, 6, 8]]);
    expect(nllLoss(x.select(0, 1), tensor(2, { dtype: 'uint8' })).item()).toBe(6);
  });

  it('has a gradient at the classes only', () => {
    const leaf = x.clone();
    leaf.requiresGrad = true;
    nllLoss(leaf, classes([0, 2, 1]), { weight: tensor([2, 1, 1]) }).backward();
    expect(leaf.grad!.toArray()).toEqual([[-0.5, 0, 0], [0, 0, -0.25], [0, -0.25, 0]]); // prettier-ignore
  });

  it('names what does not fit', () => {
    expect(() => nllLoss(x, classes([0, 3, 1]))).toThrow(
      /nllLoss: class 3 is out of range for 3 classes \(0 to 2, or ignoreIndex -100\)/,
    );
    expect(() => nllLoss(x, classes([0, -1, 1]))).toThrow(IndexError);
    expect(() => nllLoss(x, classes([0, 1]))).toThrow(ShapeError);
    expect(() => nllLoss(x, zeros([3]))).toThrow(DTypeError);
    expect(() => nllLoss(classes([1, 2]).reshape([1, 2]), classes([0]))).toThrow(DTypeError);
  });
});
