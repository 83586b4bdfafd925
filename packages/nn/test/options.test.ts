import { ArgumentError, ones, zeros, type Tensor } from '@q/tensor';
import * as nn from '@q/nn';

/** Calls with one option, whatever its type. */
type Call = (options: object) => unknown;

const F = nn.functional;
const x = zeros([2, 2]);
const indices = (): Tensor => zeros([2, 2], { dtype: 'int32' });
const layers: readonly (readonly [names: string, Call])[] = [
  ['bias', (o) => new nn.Linear(2, 2, o)],
  ['bias', (o) => new nn.Bilinear(2, 2, 2, o)],
  ['bias', (o) => new nn.Conv2d(2, 2, 1, o)],
  ['bias', (o) => new nn.ConvTranspose2d(2, 2, 1, o)],
  ['bias batchFirst bidirectional', (o) => new nn.RNN(2, 2, o)],
  ['bias batchFirst bidirectional', (o) => new nn.LSTM(2, 2, o)],
  ['bias batchFirst bidirectional', (o) => new nn.GRU(2, 2, o)],
  ['bias', (o) => new nn.RNNCell(2, 2, o)],
  ['bias', (o) => new nn.LSTMCell(2, 2, o)],
  ['bias', (o) => new nn.GRUCell(2, 2, o)],
  ['bias addBiasKv addZeroAttn batchFirst', (o) => new nn.MultiheadAttention(2, 1, o)],
  ['needWeights averageAttnWeights', (o) => new nn.MultiheadAttention(2, 1).forward(x, x, x, o)],
  ['batchFirst normFirst bias', (o) => new nn.TransformerEncoderLayer(2, 1, o)],
  ['batchFirst normFirst bias', (o) => new nn.TransformerDecoderLayer(2, 1, o)],
  ['batchFirst normFirst bias', (o) => new nn.Transformer({ dModel: 2, nhead: 1, ...o })],
  ['affine trackRunningStats', (o) => new nn.BatchNorm2d(2, o)],
  ['affine trackRunningStats', (o) => new nn.InstanceNorm2d(2, o)],
  ['elementwiseAffine bias', (o) => new nn.LayerNorm(2, o)],
  ['elementwiseAffine', (o) => new nn.RMSNorm(2, o)],
  ['affine', (o) => new nn.GroupNorm(1, 2, o)],
  ['ceilMode returnIndices', (o) => new nn.MaxPool2d(2, o)],
  ['ceilMode countIncludePad', (o) => new nn.AvgPool2d(2, o)],
  ['ceilMode', (o) => new nn.LPPool2d(2, 2, o)],
  ['returnIndices', (o) => new nn.AdaptiveMaxPool2d(2, o)],
  ['returnIndices', (o) => new nn.FractionalMaxPool2d(2, { outputSize: 1, ...o })],
  ['scaleGradByFreq', (o) => new nn.Embedding(2, 2, o)],
  ['scaleGradByFreq includeLastOffset', (o) => new nn.EmbeddingBag(2, 2, o)],
  ['freeze', (o) => nn.Embedding.fromPretrained(x, o)],
  ['alignCorners recomputeScaleFactor', (o) => new nn.Upsample({ size: 2, mode: 'bilinear', ...o })],
  ['logTarget', (o) => new nn.KLDivLoss(o).forward(x, x)],
  ['logInput full', (o) => new nn.PoissonNLLLoss(o).forward(x, x)],
  ['full', (o) => new nn.GaussianNLLLoss(o).forward(x, x, ones([2, 2]))],
  ['swap', (o) => new nn.TripletMarginLoss(o).forward(x, x, x)],
  ['swap', (o) => new nn.TripletMarginWithDistanceLoss(o).forward(x, x, x)],
  ['keepdim', (o) => new nn.PairwiseDistance(o).forward(x, x)],
  ['training', (o) => F.dropout(x, o)],
  ['training', (o) => F.alphaDropout(x, o)],
  ['training', (o) => F.rrelu(x, o)],
  ['isCausal', (o) => F.scaledDotProductAttention(x, x, x, o)],
  ['scaleGradByFreq', (o) => F.embedding(indices(), x, o)],
  ['includeLastOffset', (o) => F.embeddingBag(indices(), x, null, o)],
  ['zeroInfinity', (o) => F.ctcLoss(x, indices().select(0, 0), [2], [1], o)],
  ['replacement', (o) => new nn.WeightedRandomSampler([1, 1], 2, o)],
];

it.each(layers.flatMap(([names, call]) => names.split(' ').map((name) => [name, call] as const)))(
  'an option that is true or false is nothing else: %s of %s',
  (name, call) => {
    for (const value of [true, false]) expect(() => call({ [name]: value })).not.toThrow();
    for (const value of ['false', 0, 1]) {
      expect(() => call({ [name]: value })).toThrow(ArgumentError);
      expect(() => call({ [name]: value })).toThrow(`${name} must be true or false, got ${JSON.stringify(value)}`);
    }
  },
);
