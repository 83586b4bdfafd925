import { ArgumentError, ShapeError, tensor } from '@q/tensor';
import { BCEWithLogitsLoss, functional } from '@q/nn';
import { expectGradient } from '../../../tensor/test/gradcheck.js';

const { binaryCrossEntropy, binaryCrossEntropyWithLogits, multilabelSoftMarginLoss, softMarginLoss } = functional;

const logits = tensor([
  [-2, 0.3, 1.5],
  [0, -0.7, 4],
]);
const labels = tensor([
  [0, 1, 0.5],
  [1, 0, 1],
]);

describe('binaryCrossEntropy', () => {
  it('costs at most 100 where a certainty is wrong, with a gradient that is finite', () => {
    const x = tensor([0, 1, 1], { requiresGrad: true });
    const loss = binaryCrossEntropy(x, tensor([1, 0, 1]), { reduction: 'none' });
    expect(loss.toArray()).toEqual([100, 100, -0]);
    loss.sum().backward();
    expect(x.grad!.isfinite().all().item()).toBe(1);
  });

  it('has the gradients of its formula, by the input and by the target', () =>
    expectGradient(
      (x, y) => binaryCrossEntropy(x, y, { reduction: 'none' }),
      [logits.sigmoid(), labels.mul(0.8).add(0.1)],
    ));

  it('refuses what is no probability, and another shape', () => {
    expect(() => binaryCrossEntropy(logits, labels)).toThrow(/Use binaryCrossEntropyWithLogits/);
    expect(() => binaryCrossEntropy(tensor([1.01]), tensor([1]))).toThrow(ArgumentError);
    expect(() => binaryCrossEntropy(tensor([0.5]), tensor([[1]]))).toThrow(ShapeError);
  });
});

describe('binaryCrossEntropyWithLogits', () => {
  it('is binaryCrossEntropy of the sigmoid', () => {
    const weight = tensor([1, 2, 3]);
    const wanted = binaryCrossEntropy(logits.sigmoid(), labels, { weight, reduction: 'none' });
    const loss = binaryCrossEntropyWithLogits(logits, labels, { weight, reduction: 'none' });
    expect(loss.allclose(wanted, { rtol: 1e-5 })).toBe(true);
  });

  it('stays exact for large logits', () =>
    expect(
      binaryCrossEntropyWithLogits(tensor([1000, -1000]), tensor([0, 1]), { reduction: 'none' }).toArray(),
    ).toEqual([1000, 1000]));

  it('counts positives posWeight times', () => {
    const posWeight = tensor([3]);
    const options = { posWeight, reduction: 'none' } as const;
    const plain = binaryCrossEntropyWithLogits(logits, labels, { reduction: 'none' });
    const weighted = binaryCrossEntropyWithLogits(logits, labels, options);
    expect(weighted.select(1, 0).div(plain.select(1, 0)).toArray()).toEqual([1, expect.closeTo(3, 5)]);
    expectGradient((x, y, p) => binaryCrossEntropyWithLogits(x, y, { posWeight: p }), [logits, labels, posWeight]);
  });

  it('keeps its weights as buffers under the names of PyTorch', () =>
    expect(Object.keys(new BCEWithLogitsLoss({ weight: tensor([1]), posWeight: tensor([2]) }).stateDict())).toEqual([
      'weight',
      'pos_weight',
    ]));
});

describe('softMarginLoss', () => {
  it('is log(1 + exp(-target * input)), without overflow', () => {
    const loss = softMarginLoss(tensor([0.5, -200]), tensor([-1, 1]), { reduction: 'none' });
    expect(loss.toArray()).toEqual([expect.closeTo(Math.log1p(Math.exp(0.5)), 6), 200]);
  });
});

describe('multilabelSoftMarginLoss', () => {
  it('is the mean over the classes of the binary losses', () => {
    const wanted = binaryCrossEntropyWithLogits(logits, labels, { reduction: 'none' }).mean(1);
    const options = { reduction: 'none' } as const;
    expect(multilabelSoftMarginLoss(logits, labels, options).allclose(wanted)).toBe(true);
    expect(multilabelSoftMarginLoss(logits.select(0, 0), labels.select(0, 0), options).shape).toEqual([]);
  });
});
