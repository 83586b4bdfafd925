import * as nn from '@q/nn';
import {
  ArgumentError,
  linear,
  manualSeed,
  noGrad,
  ones,
  rand,
  randn,
  scope,
  ShapeError,
  where,
  type Shape,
  type Tensor,
} from '@q/tensor';
import { foldAllBatchNorms, QuantizedLinear, type QuantizedModule } from '../../src/index.js';

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

const stateOf = (model: nn.Module): unknown =>
  Object.entries(model.stateDict()).map(([name, value]) => [name, value.toArray()]);

const run = (model: nn.Module, x: Tensor): Tensor => noGrad(() => model.forward(x)) as Tensor;

/** What was folded; the model gives what it gave. */
function folded(model: nn.Module, shape: Shape): string[] {
  model.eval();
  const x = randn(shape);
  const before = run(model, x);
  const pairs = foldAllBatchNorms(model, { dummyInput: ones(shape) });
  expect(run(model, x).allclose(before, { rtol: 1e-5, atol: 1e-5 })).toBe(true);
  return pairs.map(({ layer, norm }) => `${layer} ${norm}`);
}

/** What a function computes with a layer, a batch norm and a ReLU. */
type Use = (x: Tensor, own: Using) => unknown;

class Using extends nn.Module {
  relu = new nn.ReLU();
  kept: unknown = null;
  constructor(
    public layer: nn.Conv2d | nn.Linear,
    public norm: nn.BatchNorm1d | nn.BatchNorm2d,
    private readonly use: Use,
  ) {
    super();
  }
  forward(x: Tensor): Tensor {
    return this.use(x, this) as Tensor;
  }
}

const image: Shape = [2, 4, 4, 5];

/** With a convolution that keeps the size of `image`, of 4 channels and 4 rows. */
const convolved = (use: Use): nn.Module =>
  new Using(new nn.Conv2d(4, 4, 3, { padding: 1 }), seasoned(new nn.BatchNorm2d(4)), use);

const multiplied = (use: Use): nn.Module => new Using(new nn.Linear(3, 3), seasoned(new nn.BatchNorm1d(3)), use);

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

  it('folds what a function hands on as it is, whatever it asks besides its elements', () => {
    const hands: Use = (x, { layer, norm }) => {
      const y = layer.forward(x);
      return norm.forward(y.reshape([y.shape[0]!, ...y.shape.slice(1)])).mul(y.ndim);
    };
    expect(folded(convolved(hands), image)).toEqual(['layer norm']);
    const twice: Use = (x, { layer, norm }) =>
      norm.forward(layer.forward(x)).add(norm.forward(scope(() => layer.forward(x.neg()))));
    expect(folded(convolved(twice), image)).toEqual(['layer norm']);
  });

  it.each<[string, Use]>([
    ['a layer', (y, { norm, relu }) => norm.forward(y).add(relu.forward(y))],
    ['a function', (y, { norm }) => norm.forward(y).add(y)],
    ['a function behind a ReLU', (y, { norm, relu }) => relu.forward(norm.forward(y)).add(y.sigmoid())],
    ['a function by a view', (y, { norm }) => norm.forward(y).add(y.transpose(2, 3).transpose(2, 3))],
    ['a function without a gradient', (y, { norm }) => where(y.gt(0), norm.forward(y), 3)],
    ['JavaScript', (y, { norm }) => norm.forward(y).mul(y.max().item())],
    ['JavaScript, where it changes nothing yet', (y, { norm }) => (y.data[0]! > 1e6 ? y : norm.forward(y))],
    [
      'a write before',
      (y, { norm }) => {
        y.relu_();
        return norm.forward(y);
      },
    ],
    [
      'a write through a view',
      (y, { norm }) => {
        y.narrow(1, 0, 2).fill_(3);
        return norm.forward(y);
      },
    ],
    ['a second batch norm', (y, { norm }) => norm.forward(norm.forward(y))],
  ])('leaves a layer whose output is read by %s', (_what, use) =>
    expect(
      folded(
        convolved((x, own) => use(own.layer.forward(x), own)),
        image,
      ),
    ).toEqual([]),
  );

  it.each<[string, Use]>([
    [
      'a second call of which is read',
      (x, { layer, norm }) => layer.forward(x.mul(2)).add(norm.forward(layer.forward(x))),
    ],
    ['whose axes are exchanged', (x, { layer, norm }) => norm.forward(layer.forward(x).transpose(1, 2))],
    [
      'whose batch norm reads other tensors too',
      (x, { layer, norm }) => norm.forward(layer.forward(x)).add(norm.forward(x)),
    ],
  ])('leaves a layer %s', (_what, use) => expect(folded(convolved(use), image)).toEqual([]));

  it('leaves a layer whose channels are not those of the batch norm', () => {
    const transposed: Use = (x, { layer, norm }) => norm.forward(layer.forward(x).transpose(0, 1));
    expect(folded(multiplied(transposed), [3, 3])).toEqual([]);
    // [n, length, channels] and [channels, length] of the same sizes, and parts of channels.
    expect(folded(new nn.Sequential(new nn.Linear(3, 3), seasoned(new nn.BatchNorm1d(3))), [2, 3, 3])).toEqual([]);
    const single = new nn.Sequential(new nn.Conv1d(2, 4, 3, { padding: 1 }), seasoned(new nn.BatchNorm1d(4)));
    expect(folded(single, [2, 4])).toEqual([]);
    const part: Use = (x, { layer, norm }) => norm.forward(layer.forward(x).narrow(1, 0, 2));
    const narrowed = new Using(new nn.Conv2d(4, 4, 3), seasoned(new nn.BatchNorm2d(2)), part);
    const model = new nn.Sequential(new nn.Conv2d(4, 4, 1), seasoned(new nn.BatchNorm2d(4)), narrowed);
    expect(folded(model, image)).toEqual(['0 1']);
    const split: Use = (x, { layer, norm }) => norm.forward(layer.forward(x).reshape([-1, 4, 3]));
    expect(folded(new Using(new nn.Linear(5, 12), seasoned(new nn.BatchNorm1d(4)), split), [2, 5])).toEqual([]);
  });

  it('leaves a layer whose output the model gives or keeps, wherever', () => {
    const places: ((y: Tensor, z: Tensor, own: { kept: unknown }) => unknown)[] = [
      (y, z) => [y, z],
      (y, z) => ({ z, hidden: [{ y }] }),
      (y, z) => new Map([['y', y.reshape([-1])]]).set('z', z),
      (y, z, own) => {
        own.kept = { y };
        return z;
      },
    ];
    for (const place of places) {
      const use: Use = (x, own) => {
        const y = own.layer.forward(x);
        return place(y, own.norm.forward(y), own);
      };
      expect(foldAllBatchNorms(convolved(use).eval(), { dummyInput: ones(image) })).toEqual([]);
    }
  });

  it('leaves a layer whose parameters something else reads', () => {
    const [a, b] = [new nn.Linear(3, 3), new nn.Linear(3, 3)];
    b.weight = a.weight;
    const tied = () => new nn.Sequential(a, seasoned(new nn.BatchNorm1d(3)), b);
    expect(folded(tied(), [2, 3])).toEqual([]);
    b.weight = new nn.Parameter(a.weight.detach().T);
    expect(folded(tied(), [2, 3])).toEqual([]);
    const decoded: Use = (x, { layer, norm }) => linear(norm.forward(layer.forward(x)), layer.weight.T);
    expect(folded(multiplied(decoded), [2, 3])).toEqual([]);
    a.weight = new nn.Parameter(ones([1, 3]).expand([3, 3]));
    expect(folded(new nn.Sequential(a, seasoned(new nn.BatchNorm1d(3))), [2, 3])).toEqual([]);
  });

  it('folds among layers of every kind', () => {
    class Mixed extends nn.Module {
      conv = new nn.Conv1d(4, 8, 1);
      bn: nn.Module = seasoned(new nn.BatchNorm1d(8));
      lstm = new nn.LSTM(8, 8, { batchFirst: true });
      encoder = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 8, batchFirst: true });
      fc = new nn.Linear(8, 3);
      bn2: nn.Module = seasoned(new nn.BatchNorm1d(3));
      forward(x: Tensor): Tensor {
        const y = this.bn.forward(this.conv.forward(x)) as Tensor;
        const [z] = this.lstm.forward(y.transpose(1, 2));
        return this.bn2.forward(this.fc.forward(this.encoder.forward(z).mean(1))) as Tensor;
      }
    }
    expect(folded(new Mixed(), [2, 4, 5])).toEqual(['conv bn', 'fc bn2']);
  });

  it('leaves what goes by the batch, what comes first, and what is quantized', () => {
    const fresh = new nn.BatchNorm1d(3, { trackRunningStats: false });
    expect(folded(new nn.Sequential(new nn.Linear(3, 3), fresh), [4, 3])).toEqual([]);
    expect(folded(new nn.Sequential(seasoned(new nn.BatchNorm1d(3)), new nn.Linear(3, 3)), [4, 3])).toEqual([]);
    expect(folded(new nn.Sequential(new QuantizedLinear(3, 3), seasoned(new nn.BatchNorm1d(3))), [4, 3])).toEqual([]);
  });

  it('leaves every object as it is where the model fails', () => {
    const model = new nn.Sequential(new nn.Conv2d(4, 4, 1), seasoned(new nn.BatchNorm2d(4)), new nn.Linear(9, 2));
    const before = stateOf(model);
    expect(() => foldAllBatchNorms(model, { dummyInput: ones(image) })).toThrow(ShapeError);
    expect(stateOf(model)).toEqual(before);
    expect(model.children()[1]).toBeInstanceOf(nn.BatchNorm2d);
  });

  it('names itself where the model changes quantizers while it runs', () => {
    class Meddling extends nn.Module {
      fc = new nn.Linear(3, 3);
      forward(x: Tensor): Tensor {
        const [place] = (this.fc as nn.Linear & QuantizedModule).inputQuantizers;
        place!.setLegacyEncodings([]);
        return this.fc.forward(x);
      }
    }
    expect(() => foldAllBatchNorms(new Meddling(), { dummyInput: ones([1, 3]) })).toThrow(
      'foldAllBatchNorms: the model changes quantizers while it runs on dummyInput.',
    );
  });

  it('wants a model and an input', () => {
    expect(() => foldAllBatchNorms({} as nn.Module, { dummyInput: ones([1]) })).toThrow(ArgumentError);
    for (const options of [{}, undefined])
      expect(() => foldAllBatchNorms(new nn.ReLU(), options as never)).toThrow(
        /foldAllBatchNorms: wants { dummyInput }/,
      );
  });
});
