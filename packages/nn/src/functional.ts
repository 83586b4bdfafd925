/** The functional forms of the layers, as `torch.nn.functional`. */
export { scaledDotProductAttention, type AttentionOptions } from './functional/attention.js';
export * from './functional/binary-loss.js';
export { ctcLoss, type CTCOptions, type Lengths } from './functional/ctc-loss.js';
export * from './functional/distance.js';
export {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
  rrelu,
  type DropoutOptions,
  type RReluOptions,
} from './functional/dropout.js';
export {
  embedding,
  embeddingBag,
  type BagMode,
  type EmbeddingBagOptions,
  type EmbeddingOptions,
} from './functional/embedding.js';
export { bilinear } from './functional/bilinear.js';
export {
  crossEntropy,
  l1Loss,
  mseLoss,
  nllLoss,
  type CrossEntropyOptions,
  type NLLOptions,
  type Reduction,
  type ReductionOptions,
} from './functional/loss.js';
export * from './functional/margin-loss.js';
export * from './functional/regression-loss.js';
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  batchNorm,
  channelShuffle,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  fold,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  groupNorm,
  instanceNorm,
  interpolate,
  layerNorm,
  linear,
  localResponseNorm,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  pixelShuffle,
  pixelUnshuffle,
  rmsNorm,
  unfold,
} from '@q/tensor';
