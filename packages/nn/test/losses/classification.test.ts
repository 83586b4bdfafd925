import { ArgumentError, IndexError, ShapeError, tensor, type Tensor } from '@q/tensor';
import { CrossEntropyLoss, functional, L1Loss, MSELoss, NLLLoss } from '@q/nn';

const logits = (): Tensor =>
  tensor(
    [
      [1, 2, 0.5],
      [0.1, -1, 3],
    ],
    { requiresGrad: true },
  );
const classes = tensor([1, 2], { dtype: 'int32' });

describe('CrossEntropyLoss', () => {
  it('equals the negative log-probability of the classes', () => {
    const wanted = new NLLLoss().forward(logits().logSoftmax(1), classes).item();
    expect(new CrossEntropyLoss().forward(logits(), classes).item()).toBeCloseTo(wanted, 6);
  });

  it('of one-hot probabilities is that of the classes, with and without smoothing and weights', () => {
    for (const labelSmoothing of [0, 0.3])
      for (const reduction of ['none', 'sum'] as const) {
        const loss = new CrossEntropyLoss({ labelSmoothing, reduction, weight: tensor([1, 2, 3]) });
        const hard = loss.forward(logits(), classes);
        const soft = loss.forward(logits(), classes.oneHot(3).to('float32'));
        expect(soft.allclose(hard, { rtol: 1e-5 })).toBe(true);
      }
  });

  it('gives no loss and no gradient where the class is ignored', () => {
    const x = logits();
    const loss = new CrossEntropyLoss({ ignoreIndex: 2 }).forward(x, classes);
    loss.backward();
    expect((x.grad!.toArray() as number[][])[1]).toEqual([0, 0, 0]);
    expect(loss.item()).toBeCloseTo(functional.crossEntropy(x.detach().slice([0, 1]), classes.slice([0, 1])).item(), 6);
    expect(
      new CrossEntropyLoss({ ignoreIndex: 1 }).forward(logits(), tensor([1, 1], { dtype: 'int32' })).item(),
    ).toBeNaN();
  });

  it('takes a single sample and positions', () => {
    const one = functional.crossEntropy(tensor([1, 2, 0.5]), tensor(1, { dtype: 'int32' })).item();
    expect(functional.crossEntropy(tensor([[1, 2, 0.5]]), tensor([1], { dtype: 'int32' })).item()).toBeCloseTo(one, 6);
    const image = tensor([[[1], [2], [0.5]]]);
    expect(functional.crossEntropy(image, tensor([[1]], { dtype: 'int32' }), { reduction: 'none' }).shape).toEqual([
      1, 1,
    ]);
  });

  it('keeps its weight in the state', () =>
    expect(Object.keys(new CrossEntropyLoss({ weight: tensor([1, 2]) }).stateDict())).toEqual(['weight']));

  it.each([
    [() => functional.crossEntropy(logits(), tensor([1, 3], { dtype: 'int32' })), IndexError],
    [() => functional.crossEntropy(logits(), tensor([1], { dtype: 'int32' })), ShapeError],
    [() => functional.crossEntropy(logits(), classes, { weight: tensor([1]) }), ShapeError],
    [() => functional.crossEntropy(logits(), classes, { labelSmoothing: 2 }), ArgumentError],
    [() => functional.crossEntropy(logits(), classes, { reduction: 'median' as 'mean' }), ArgumentError],
  ])('refuses what does not fit (%#)', (run, error) => expect(run).toThrow(error));
});

describe('MSELoss and L1Loss', () => {
  it('reduce as asked', () => {
    const [x, y] = [tensor([1, 5]), tensor([2, 2])];
    expect(new MSELoss({ reduction: 'none' }).forward(x, y).toArray()).toEqual([1, 9]);
    expect(new MSELoss().forward(x, y).item()).toBe(5);
    expect(new L1Loss({ reduction: 'sum' }).forward(x, y).item()).toBe(4);
  });
});
