import { ArgumentError, DTypeError, IndexError, randn, ShapeError, tensor, type Tensor } from '@q/tensor';
import { functional, TripletMarginWithDistanceLoss } from '@q/nn';
import { expectGradient } from '../../../tensor/test/gradcheck.js';

const {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  multilabelMarginLoss,
  multiMarginLoss,
  tripletMarginLoss,
} = functional;

const ints = (...values: number[]): Tensor => tensor(values, { dtype: 'int32' });

describe('marginRankingLoss', () => {
  it('is 0 where the order holds by the margin', () =>
    expect(
      marginRankingLoss(tensor([2, 1, 1]), tensor([1, 2, 0.9]), tensor([1, -1, 1]), {
        margin: 0.5,
        reduction: 'none',
      }).toArray(),
    ).toEqual([0, 0, expect.closeTo(0.4, 6)]));

  it('refuses tensors of several ranks', () =>
    expect(() => marginRankingLoss(tensor([1]), tensor([[1]]), tensor([1]))).toThrow(ShapeError));
});

describe('hingeEmbeddingLoss', () => {
  it('is the distance of similar pairs, and what others lack to the margin', () =>
    expect(hingeEmbeddingLoss(tensor([0.3, 0.3, 5]), tensor([1, -1, -1]), { reduction: 'none' }).toArray()).toEqual([
      expect.closeTo(0.3, 6),
      expect.closeTo(0.7, 6),
      0,
    ]));
});

describe('cosineEmbeddingLoss', () => {
  it('is 0 for the same direction (1) and beyond the margin (-1)', () => {
    const x = tensor([
      [1, 2],
      [1, 0],
    ]);
    const y = tensor([
      [2, 4],
      [0, 1],
    ]);
    const loss = cosineEmbeddingLoss(x, y, tensor([1, -1]), { margin: 0.1, reduction: 'none' });
    expect(loss.allclose(tensor([0, 0]), { atol: 1e-6 })).toBe(true);
    expect(cosineEmbeddingLoss(tensor([1, 0]), tensor([0, 1]), tensor(1)).item()).toBe(1);
  });

  it('gives a finite gradient for vectors of zeros', () => {
    const x = tensor([[0, 0]], { requiresGrad: true });
    cosineEmbeddingLoss(x, tensor([[1, 2]]), tensor([1])).backward();
    expect(x.grad!.isfinite().all().item()).toBe(1);
  });

  it('refuses targets that are not one per pair', () =>
    expect(() => cosineEmbeddingLoss(randn([2, 3]), randn([2, 3]), tensor([[1], [1]]))).toThrow(ShapeError));
});

describe('multiMarginLoss', () => {
  const x = tensor([
    [0.1, 0.2, 0.4],
    [0.9, -0.3, 0.5],
  ]);

  it('sums the other classes that come within the margin, divided by the classes', () => {
    const wanted = [(1 - 0.4 + 0.1 + (1 - 0.4 + 0.2)) / 3, (1 - 0.9 + 0.5) / 3];
    expect(multiMarginLoss(x, ints(2, 0), { reduction: 'none' }).toArray()).toEqual(
      wanted.map((value) => expect.closeTo(value, 5)),
    );
  });

  it('has the gradient of its formula, squared and weighted', () =>
    expectGradient((y, weight) => multiMarginLoss(y, ints(2, 0), { p: 2, weight }), [x, tensor([1, 2, 3])]));

  it('takes a single sample', () =>
    expect(multiMarginLoss(x.select(0, 0), tensor(2, { dtype: 'int32' })).shape).toEqual([]));

  it('refuses targets that are no classes, and other exponents', () => {
    expect(() => multiMarginLoss(x, ints(3, 0))).toThrow(IndexError);
    expect(() => multiMarginLoss(x, ints(-1, 0))).toThrow(IndexError);
    expect(() => multiMarginLoss(x, tensor([0, 1]))).toThrow(DTypeError);
    expect(() => multiMarginLoss(x, ints(0, 1), { p: 3 })).toThrow(ArgumentError);
    expect(() => multiMarginLoss(x, ints(0))).toThrow(ShapeError);
  });
});

describe('multilabelMarginLoss', () => {
  const x = tensor([0.1, 0.2, 0.4, 0.8]);

  it('compares the classes before the first -1 with all others', () => {
    // The example of PyTorch's documentation.
    expect(multilabelMarginLoss(x, ints(3, 0, -1, 1)).item()).toBeCloseTo(0.85, 6);
    expect(multilabelMarginLoss(x, ints(-1, 0, 1, 2)).item()).toBe(0);
  });

  it('has the gradient of its formula', () => expectGradient((y) => multilabelMarginLoss(y, ints(3, 0, -1, 1)), [x]));

  it('refuses targets that are neither classes nor -1', () => {
    expect(() => multilabelMarginLoss(x, ints(4, -1, -1, -1))).toThrow(IndexError);
    expect(() => multilabelMarginLoss(x, ints(-2, 0, 0, 0))).toThrow(IndexError);
    expect(() => multilabelMarginLoss(x, ints(0))).toThrow(ShapeError);
  });
});

describe('tripletMarginLoss', () => {
  const [anchor, positive, negative] = [tensor([[0, 0]]), tensor([[3, 4]]), tensor([[0, 1]])];

  it('is the difference of the distances and the margin', () =>
    expect(tripletMarginLoss(anchor, positive, negative, { margin: 2 }).item()).toBeCloseTo(5 - 1 + 2, 4));

  it('with swap, takes the nearer of anchor and positive to the negative', () => {
    const far = tensor([[3, 4.5]]);
    expect(tripletMarginLoss(anchor, positive, far, { swap: true, margin: 0 }).item()).toBeCloseTo(4.5, 4);
  });

  it('takes a distance of your own', () => {
    const distanceFunction = (a: Tensor, b: Tensor): Tensor => a.sub(b).abs().amax(-1);
    const loss = new TripletMarginWithDistanceLoss({ distanceFunction, margin: 0.5 });
    expect(loss.forward(anchor, positive, negative).item()).toBe(4 - 1 + 0.5);
    expect(new TripletMarginWithDistanceLoss().forward(anchor, positive, negative).item()).toBeCloseTo(5, 4);
  });

  it('refuses tensors of several ranks', () =>
    expect(() => tripletMarginLoss(anchor, positive, tensor([0, 1]))).toThrow(ShapeError));
});
