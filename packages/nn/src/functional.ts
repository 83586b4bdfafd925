/** The functional forms of the layers, as `torch.nn.functional`. */
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
export { bilinear, linear } from './functional/linear.js';
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
