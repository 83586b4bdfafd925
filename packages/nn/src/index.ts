export { clipGradNorm, clipGradValue, type ClipNormOptions } from './clip.js';
export { ModuleError } from './errors.js';
export * as functional from './functional.js';
export * as init from './init.js';
export {
  CELU,
  ELU,
  GELU,
  GLU,
  Hardshrink,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  LeakyReLU,
  LogSigmoid,
  LogSoftmax,
  Mish,
  PReLU,
  ReLU,
  ReLU6,
  RReLU,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softmax2d,
  Softmin,
  Softplus,
  Softshrink,
  Softsign,
  Tanh,
  Tanhshrink,
  Threshold,
  type GELUOptions,
  type PReLUOptions,
  type RReLUOptions,
  type SoftmaxDim,
} from './layers/activation.js';
export { ModuleDict, ModuleList, Sequential } from './layers/container.js';
export {
  Conv1d,
  Conv2d,
  Conv3d,
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  type ConvOptions,
  type ConvTransposeOptions,
  type OutputSizeOptions,
  type PaddingMode,
} from './layers/conv.js';
export {
  AlphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  FeatureAlphaDropout,
  type DropoutClass,
  type DropoutProbability,
} from './layers/dropout.js';
export { Embedding, EmbeddingBag, type BagOptions } from './layers/embedding.js';
export { Bilinear, Identity, Linear, type BiasOptions } from './layers/linear.js';
export type { ConfiguredClass, Layer, Operation, OperationClass } from './layers/operation.js';
export { CrossEntropyLoss, L1Loss, Loss, MSELoss, NLLLoss } from './losses.js';
export { Module, slots, type Slot } from './module.js';
export { Parameter, type ParameterOptions } from './parameter.js';
export type { Sizes } from './sizes.js';
export type { StateNames } from './slots.js';
export type { LoadOptions, LoadResult, StateDict, StateSource } from './state.js';
