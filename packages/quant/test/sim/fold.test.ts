import * as nn from '@q/nn';
import { ArgumentError, manualSeed, noGrad, ones, rand, randn, type Shape, type Tensor } from '@q/tensor';
import { foldAllBatchNorms } from '../../src/index.js';

type Layer = nn.Module & { forward(x: Tensor): Tensor };

/** A batch norm that has seen something. */
function seasoned<N extends nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d>(norm: N): N {
  noGrad(() => {
    const size = norm.numFeatures;
    norm.runningMean?.copy_(randn([size]));
    norm.runningVar?.copy_(rand([size]).add(0.5));
    norm.weight?.copy_(randn([size]));
    norm.bias?.copy_(randn([size]));
  });
  return norm;
}

const run = (model: nn.Module, x: Tensor): Tensor => noGrad(() => model.forward(x)) as Tensor;

/** What was folded; the model gives what it gave. */
function folded(model: nn.Module, shape: Shape): string[] {
  model.eval();
  const x = randn(shape);
  const before = run(model, x);
  const pairs = foldAllBatchNorms(model, { dummyInput: ones(shape) });
  expect(run(model, x).allclose(before, { rtol: 1e-4, atol: 1e-4 })).toBe(true);
  return pairs.map(({ layer, norm }) => `${layer} ${norm}`);
}

beforeEach(() => manualSeed(7));

describe('foldAllBatchNorms', () => {
  it.each<[string, () => Layer, () => Layer & (nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d), Shape]>([
    ['Linear', () => new nn.Linear(5, 4), () => new nn.BatchNorm1d(4), [3, 5]],
    ['Linear without a bias', () => new nn.Linear(5, 4, { bias: false }), () => new nn.BatchNorm1d(4), [3, 5]],
    ['Conv1d', () => new nn.Conv1d(4, 6, 3, { groups: 2 }), () => new nn.BatchNorm1d(6), [2, 4, 9]],
    ['Conv2d', () => new nn.Conv2d(3, 6, 3), () => new nn.BatchNorm2d(6), [2, 3, 7, 7]],
    [
      'a depthwise Conv2d',
      () => new nn.Conv2d(4, 4, 3, { groups: 4, bias: false }),
      () => new nn.BatchNorm2d(4, { affine: false }),
      [2, 4, 7, 7],
    ],
    ['Conv3d', () => new nn.Conv3d(2, 3, 2), () => new nn.BatchNorm3d(3), [1, 2, 4, 4, 4]],
    [
      'ConvTranspose2d',
      () => new nn.ConvTranspose2d(4, 6, 3, { groups: 2, stride: 2 }),
      () => new nn.BatchNorm2d(6),
      [2, 4, 5, 5],
    ],
    ['ConvTranspose1d', () => new nn.ConvTranspose1d(4, 2, 3, { bias: false }), () => new nn.BatchNorm1d(2), [2, 4, 5]],
  ])('gives %s the results of the batch norm behind it', (_name, layer, norm, shape) => {
    const model = new nn.Sequential(layer(), seasoned(norm()), new nn.ReLU());
    expect(folded(model, shape)).toEqual(['0 1']);
    expect(model.children()[1]).toBeInstanceOf(nn.Identity);
  });

  it('keeps parameters, so that optimizers know them, and modes', () => {
    const layer = new nn.Linear(5, 4);
    const { weight, bias } = layer;
    const model = new nn.Sequential(layer, seasoned(new nn.BatchNorm1d(4)));
    model.train();
    foldAllBatchNorms(model, { dummyInput: ones([2, 5]) });
    expect([layer.weight, layer.bias]).toEqual([weight, bias]);
    expect(layer.weight).toBe(weight);
    expect(model.training).toBe(true);
  });

  it('folds every pair of a model with branches', () => {
    class Branches extends nn.Module {
      conv1 = new nn.Conv2d(2, 4, 3, { padding: 1 });
      bn1: nn.Module = seasoned(new nn.BatchNorm2d(4));
      conv2 = new nn.Conv2d(4, 4, 1);
      bn2: nn.Module = seasoned(new nn.BatchNorm2d(4));
      add = new nn.Add();
      forward(x: Tensor): Tensor {
        const a = this.bn1.forward(this.conv1.forward(x)) as Tensor;
        return this.add.forward(this.bn2.forward(this.conv2.forward(a)) as Tensor, a);
      }
    }
    expect(folded(new Branches(), [1, 2, 5, 5])).toEqual(['conv1 bn1', 'conv2 bn2']);
  });

  it('leaves what is read elsewhere, what shares weights, and what counts otherwise', () => {
    class Read extends nn.Module {
      conv = new nn.Conv2d(2, 4, 3);
      bn = seasoned(new nn.BatchNorm2d(4));
      relu = new nn.ReLU();
      add = new nn.Add();
      forward(x: Tensor): Tensor {
        const y = this.conv.forward(x);
        return this.add.forward(this.bn.forward(y), this.relu.forward(y));
      }
    }
    class Result extends nn.Module {
      fc = new nn.Linear(3, 3);
      bn = seasoned(new nn.BatchNorm1d(3));
      forward(x: Tensor): Tensor[] {
        const y = this.fc.forward(x);
        return [y, this.bn.forward(y)];
      }
    }
    expect(folded(new Read(), [1, 2, 5, 5])).toEqual([]);
    expect(foldAllBatchNorms(new Result().eval(), { dummyInput: ones([2, 3]) })).toEqual([]);
    const [a, b] = [new nn.Linear(3, 3), new nn.Linear(3, 3)];
    b.weight = a.weight;
    expect(folded(new nn.Sequential(a, seasoned(new nn.BatchNorm1d(3)), b), [2, 3])).toEqual([]);
    expect(folded(new nn.Sequential(new nn.Linear(3, 3), seasoned(new nn.BatchNorm1d(3))), [2, 3, 3])).toEqual([]);
    const fresh = new nn.BatchNorm1d(3, { trackRunningStats: false });
    expect(folded(new nn.Sequential(new nn.Linear(3, 3), fresh), [4, 3])).toEqual([]);
    expect(folded(new nn.Sequential(seasoned(new nn.BatchNorm1d(3)), new nn.Linear(3, 3)), [4, 3])).toEqual([]);
  });

  it('wants a model and an input', () => {
    expect(() => foldAllBatchNorms({} as nn.Module, { dummyInput: ones([1]) })).toThrow(ArgumentError);
    expect(() => foldAllBatchNorms(new nn.ReLU(), {} as never)).toThrow(/wants { dummyInput }/);
  });
});
