import { ArgumentError, AutogradError, IndexError, randn, Generator, ShapeError, tensor, type Tensor } from '@q/tensor';
import { CTCLoss, functional } from '@q/nn';
import { expectGradient } from '../../../tensor/test/gradcheck.js';

const { ctcLoss } = functional;

const ints = (values: number[] | number[][]): Tensor => tensor(values, { dtype: 'int32' });
const random = (...shape: number[]): Tensor => randn(shape, { generator: new Generator(3), dtype: 'float64' });

/** Labels that a path stands for: repetitions joined, then blanks left out. */
const labelsOf = (path: readonly number[]): number[] => path.filter((c, t) => c !== 0 && c !== path[t - 1]);

/** Minus the log of the summed probabilities of all paths of `labels`, one by one. */
function byEnumeration(logProbabilities: Tensor, labels: readonly number[]): number {
  const [steps, classes] = logProbabilities.shape as [number, number];
  const values = logProbabilities.toArray() as number[][];
  let sum = 0;
  for (let code = 0; code < classes ** steps; code++) {
    const path = Array.from({ length: steps }, (_, t) => Math.floor(code / classes ** t) % classes);
    if (labelsOf(path).join() === labels.join()) sum += Math.exp(path.reduce((log, c, t) => log + values[t]![c]!, 0));
  }
  return -Math.log(sum);
}

describe('ctcLoss', () => {
  it.each([[[1, 2]], [[1, 1]], [[2]], [[]], [[1, 2, 1]], [[1, 1, 1]]])(
    'is the sum over all paths of labels %j',
    (labels) => {
      const x = random(5, 3).logSoftmax(1);
      const loss = ctcLoss(x, ints([...labels, 0, 0]), 5, labels.length, { reduction: 'none' });
      const wanted = byEnumeration(x, labels);
      expect(loss.item()).toBeCloseTo(wanted, 10);
    },
  );

  it('has the gradient of its formula behind a log-softmax', () =>
    expectGradient(
      (x) =>
        ctcLoss(
          x.logSoftmax(2),
          ints([
            [1, 2, 2],
            [3, 0, 0],
          ]),
          [6, 4],
          [3, 1],
          { reduction: 'none' },
        ),
      [random(6, 2, 4)],
    ));

  it('takes targets padded or one after the other, lengths as arrays or tensors, and any blank', () => {
    const x = random(6, 2, 4).logSoftmax(2);
    const padded = ctcLoss(
      x,
      ints([
        [1, 2],
        [1, 0],
      ]),
      [6, 5],
      [2, 1],
      { blank: 3 },
    );
    expect(ctcLoss(x, ints([1, 2, 1]), ints([6, 5]), ints([2, 1]), { blank: 3 }).item()).toBe(padded.item());
  });

  it('divides by the target lengths before the mean', () => {
    const x = random(6, 2, 4).logSoftmax(2);
    const losses = ctcLoss(
      x,
      ints([
        [1, 2],
        [1, 0],
      ]),
      [6, 6],
      [2, 0],
      { reduction: 'none' },
    ).toArray() as number[];
    const mean = ctcLoss(
      x,
      ints([
        [1, 2],
        [1, 0],
      ]),
      [6, 6],
      [2, 0],
    ).item();
    expect(mean).toBeCloseTo((losses[0]! / 2 + losses[1]!) / 2, 10);
  });

  it('gives no gradient behind the end of an input', () => {
    const x = random(4, 1, 3);
    x.requiresGrad = true;
    ctcLoss(x.logSoftmax(2), ints([[1]]), [2], [1]).backward();
    expect(x.grad!.slice([2, 4]).abs().sum().item()).toBe(0);
    expect(x.grad!.slice([0, 2]).abs().sum().item()).toBeGreaterThan(0);
  });

  it('has no second derivative, and says so', () => {
    const x = random(4, 1, 3);
    x.requiresGrad = true;
    ctcLoss(x.logSoftmax(2), ints([[1]]), [4], [1]).backward(undefined, { createGraph: true });
    const penalty = x.grad!.square().sum();
    expect(() => penalty.backward()).toThrow(new AutogradError('ctcLoss: its second derivative is not available.'));
  });

  it('is infinite where the input is too short, or 0 with gradient 0 as asked for', () => {
    const x = random(2, 1, 3);
    x.requiresGrad = true;
    const call = (zeroInfinity: boolean): Tensor =>
      new CTCLoss({ zeroInfinity }).forward(x.logSoftmax(2), ints([[1, 1]]), [2], [2]);
    expect(call(false).item()).toBe(Infinity);
    const loss = call(true);
    expect(loss.item()).toBe(0);
    loss.backward();
    expect(x.grad!.abs().sum().item()).toBe(0);
  });

  it('refuses lengths, labels and blanks that do not fit', () => {
    const x = random(4, 2, 3).logSoftmax(2);
    const labels = ints([
      [1, 2],
      [1, 1],
    ]);
    expect(() => ctcLoss(x, labels, [4, 5], [2, 2])).toThrow(/inputLengths must be 2 integers of 0 to 4/);
    expect(() => ctcLoss(x, labels, [4, 4], [2, 3])).toThrow(ArgumentError);
    expect(() => ctcLoss(x, labels, [4], [2, 2])).toThrow(ArgumentError);
    expect(() => ctcLoss(x, ints([1, 2]), [4, 4], [2, 1])).toThrow(/add up to 3/);
    expect(() =>
      ctcLoss(
        x,
        ints([
          [1, 3],
          [1, 1],
        ]),
        [4, 4],
        [2, 2],
      ),
    ).toThrow(IndexError);
    expect(() => ctcLoss(x, labels, [4, 4], [2, 2], { blank: 3 })).toThrow(/blank must be/);
    expect(() => ctcLoss(x, ints([[1]]), [4, 4], [1, 1])).toThrow(ShapeError);
    expect(() => ctcLoss(x.select(0, 0).select(0, 0), labels, [4], [2])).toThrow(ShapeError);
  });
});
