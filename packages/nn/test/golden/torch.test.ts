import { cat, tensor, where, zeros, type Tensor } from '@q/tensor';
import {
  ConvTranspose1d,
  EmbeddingBag,
  functional as F,
  MultiheadAttention,
  Reshape,
  Transformer,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  TripletMarginWithDistanceLoss,
  type Module,
} from '@q/nn';
import { flattenResult, Torch } from '../../../tensor/test/golden/torch.js';
import { library } from './topics.js';

const torch = new Torch(library);
const x = tensor([1, -2, 3, 0.5, -1, 2, 0, 4, 6], { shape: [3, 3] });
const index = tensor([2, 0, 1, 1], { dtype: 'int32' });
const offsets = tensor([0, 2], { dtype: 'int32' });
const weights = tensor([1, 2, 3, 4]);

const results = (expr: string, names = {}): unknown =>
  flattenResult(torch.evaluate(expr, { x, index, offsets, weights, ...names })).map((t) => t?.toArray());
const arrays = (...tensors: readonly (Tensor | null)[]): unknown => tensors.map((t) => t?.toArray());

describe('functions', () => {
  const images = x.reshape([1, 1, 3, 3]);
  it.each<[string, () => readonly Tensor[]]>([
    ['F.unfold(x[None, None], 2, 1, 0, 1)', () => [F.unfold(images, 2)]],
    ['x.unfold(1, 2, 1)', () => [x.unfold(1, 2, 1)]],
    ['F.relu(x, inplace=False)', () => [x.relu()]],
    ['F.leaky_relu(x, 0.5, True)', () => [x.leakyRelu({ negativeSlope: 0.5 })]],
    ['F.batch_norm(x, None, None, training=True)', () => [F.batchNorm(x, null, null, { training: true })]],
    ['F.margin_ranking_loss(x, x.T, x, 0.5)', () => [F.marginRankingLoss(x, x.t(), x, { margin: 0.5 })]],
    [
      'F.embedding_bag(index, x, offsets, padding_idx=1, include_last_offset=False)',
      () => [F.embeddingBag(index, x, offsets, { paddingIdx: 1 })],
    ],
    ['torch.var(x, False)', () => [x.var(undefined, { unbiased: false })]],
    ['torch.var(x, 1, False)', () => [x.var(1, { unbiased: false })]],
    ['torch.var_mean(x, dim=1)', () => Object.values(x.varMean(1))],
    ['torch.std_mean(x, unbiased=False)', () => Object.values(x.stdMean(undefined, { unbiased: false }))],
    ['torch.tensor_split(x, 3, dim=1)', () => x.tensorSplit(3, 1)],
    [
      'torch.slice_scatter(x, x[:, :1], 1, 2, 3)',
      () => [x.sliceScatter(x.narrow(1, 0, 1), { dim: 1, start: 2, end: 3 })],
    ],
    ['torch.nonzero(x, as_tuple=True)', () => x.nonzero().unbind(1)],
    ['torch.where(x > 1)', () => x.gt(1).nonzero().unbind(1)],
    ['torch.where(x > 1, x, 0)', () => [where(x.gt(1), x, 0)]],
    ['torch.pow(2, x)', () => [tensor(2).pow(x)]],
    ['torch.remainder(0.75, x)', () => [tensor(0.75).remainder(x)]],
    ['torch.xlogy(2, x)', () => [tensor(2).xlogy(x)]],
    ['torch.true_divide(x, 4)', () => [x.div(4)]],
  ])('%s', (expr, expected) => expect(results(expr)).toEqual(arrays(...expected())));
});

describe('literals', () => {
  const dtypes = (expr: string): unknown => flattenResult(torch.evaluate(expr, { x, index })).map((t) => t?.dtype);
  it.each([
    ['torch.tensor([1, 2])', 'int32'],
    ['torch.tensor([[1, 2.0]])', 'float32'],
    ['torch.tensor([True])', 'bool'],
    ['torch.tensor([1], dtype=torch.float64)', 'float64'],
    ['torch.full((2,), 3)', 'int32'],
    ['torch.full((2,), 3.0)', 'float32'],
    ['torch.arange(5)', 'int32'],
    ['torch.arange(5.0)', 'float32'],
    ['index * 2', 'int32'],
    ['index * 2.0', 'float32'],
    ['2.0 - index', 'float32'],
    ['torch.pow(index, 2.0)', 'float32'],
    ['torch.where(x > 0, 1, 0)', 'int32'],
    ['torch.where(x > 0, 1.0, 0.0)', 'float32'],
    ['x * 2.0', 'float32'],
  ])('%s is %s', (expr, dtype) => expect(dtypes(expr)).toEqual([dtype]));

  it('of truth values are masks as subscripts, others positions', () => {
    expect(results('x[[True, False, True]]')).toEqual(results('x[[0, 2]]'));
  });
});

describe('modules called with positional arguments', () => {
  const sequence = cat([x, x.neg()], 1).reshape([3, 1, 6]);
  const mask = tensor([0, 1, 1, 0, 0, 1, 0, 0, 0], { shape: [3, 3], dtype: 'bool' });
  const padding = tensor([0, 0, 1], { shape: [1, 3], dtype: 'bool' });
  const attention = new MultiheadAttention(6, 2);
  const encoder = new TransformerEncoderLayer(6, 2, { dimFeedforward: 4, dropout: 0 });
  const decoder = new TransformerDecoderLayer(6, 2, { dimFeedforward: 4, dropout: 0 });
  const bag = new EmbeddingBag(3, 3, { mode: 'sum' });
  const transposed = new ConvTranspose1d(3, 2, 3, { stride: 2 });

  it.each<[string, Module, () => readonly (Tensor | null)[]]>([
    [
      'm(s, s, s, padding)',
      attention,
      () => attention.forward(sequence, sequence, sequence, { keyPaddingMask: padding }),
    ],
    [
      'm(s, s, s, padding, False, mask)',
      attention,
      () =>
        attention.forward(sequence, sequence, sequence, {
          keyPaddingMask: padding,
          needWeights: false,
          attnMask: mask,
        }),
    ],
    ['m(s, mask, padding)', encoder, () => [encoder.forward(sequence, { srcMask: mask, srcKeyPaddingMask: padding })]],
    ['m(s, s, mask, mask)', decoder, () => [decoder.forward(sequence, sequence, { tgtMask: mask, memoryMask: mask })]],
    ['m(index, offsets=offsets)', bag, () => [bag.forward(index, offsets)]],
    ['m(index, offsets, weights)', bag, () => [bag.forward(index, offsets, { perSampleWeights: weights })]],
    ['m(x, [8])', transposed, () => [transposed.forward(x, { outputSize: [8] })]],
    ['m(x, 1, -1)', new Reshape(), () => [x.reshape([1, -1])]],
  ])('%s', (call, m, expected) =>
    expect(results(call, { m, s: sequence, mask, padding })).toEqual(arrays(...expected())),
  );
});

describe('constructors', () => {
  it('take arguments that change no result', () => {
    const layer = new TransformerEncoderLayer(6, 2);
    expect(torch.construct('TransformerEncoder', [layer, 1], { enable_nested_tensor: false })).toBeInstanceOf(
      TransformerEncoder,
    );
  });

  it('take activations as functions and know static methods of classes', () => {
    const layer = torch.evaluate('nn.TransformerEncoderLayer(4, 2, activation=F.gelu)', {});
    expect(layer).toBeInstanceOf(TransformerEncoderLayer);
    const triangle = Transformer.generateSquareSubsequentMask(2);
    expect(results('nn.Transformer.generate_square_subsequent_mask(2)')).toEqual(arrays(triangle));
  });

  it('take functions, called with their arguments one by one', () => {
    const m = torch.evaluate(
      'nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: (a - b).abs().sum(1))',
      {},
    );
    const loss = new TripletMarginWithDistanceLoss({ distanceFunction: (a, b) => a.sub(b).abs().sum(1) });
    expect(results('m(x, x.T, -x)', { m })).toEqual(arrays(loss.forward(x, x.t(), x.neg())));
  });

  it('pass on whether Upsample computes its factor anew', () => {
    const config = { scale_factor: 1.5, mode: 'linear', recompute_scale_factor: true };
    const m = torch.construct('Upsample', [], config);
    const images = zeros([1, 1, 5]).add(x.reshape([-1]).narrow(0, 0, 5));
    const anew = F.interpolate(images, { scaleFactor: 1.5, mode: 'linear', recomputeScaleFactor: true });
    expect(results('m(images)', { m, images })).toEqual(arrays(anew));
  });
});
