export type { ImageSource } from './foreign.js';
export { isGradEnabled } from './autograd.js';
export type { BackwardOptions } from './backward.js';
export {
  arange,
  empty,
  eye,
  full,
  fullLike,
  linspace,
  logspace,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
  type CreateOptions,
  type DTypeOfArray,
  type NestedBooleans,
  type NestedNumbers,
  type NestedSource,
  type TensorOptions,
  type TensorSource,
} from './create.js';
export {
  dtypes,
  isFloat,
  isInt,
  promoteTypes,
  resultType,
  type ArrayOf,
  type DType,
  type DTypeInfo,
  type HalfDType,
  type Operand,
  type TypedArray,
} from './dtype.js';
export {
  ArgumentError,
  described,
  AutogradError,
  DTypeError,
  FormatError,
  IndexError,
  MemoryError,
  QError,
  ShapeError,
  shown,
} from './errors.js';
export { apply, defineOp, type CallableOp, type OpArguments, type OpRecord } from './extend.js';
export {
  dequantizeLinear,
  fakeQuantize,
  leastErrorGrid,
  quantizeLinear,
  type AffineOptions,
  type LeastErrorGridOptions,
  type QuantizeLinearOptions,
} from './functions/affine.js';
export { grad, type Gradients, type GradOptions } from './grad.js';
export { joinBytes, splitBytes, type Bytes } from './functions/bytes.js';
export {
  conv1d,
  conv2d,
  conv3d,
  convInteger,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  fold,
  unfold,
  type ConvIntegerOptions,
  type ConvOptions,
  type ConvTransposeOptions,
  type UnfoldOptions,
} from './functions/conv.js';
export { einsum, tensordot, type TensordotDims } from './functions/einsum.js';
export { aminmax, histc, histograms, type HistogramsOptions } from './functions/histogram.js';
export {
  binaryScaled,
  lookup,
  requantize,
  type Requantization,
  type RequantizeOptions,
  type ScaledGrid,
  type ScaledIntegers,
} from './functions/integer.js';
export {
  layerNormInteger,
  rmsNormInteger,
  softmaxScaled,
  type LayerNormIntegerOptions,
  type RmsNormIntegerOptions,
} from './functions/integer-rows.js';
export {
  channelShuffle,
  interpolate,
  pixelShuffle,
  pixelUnshuffle,
  type InterpolateMode,
  type InterpolateOptions,
} from './functions/interpolate.js';
export {
  broadcastShapes,
  broadcastTensors,
  cat,
  dstack,
  hstack,
  meshgrid,
  stack,
  vstack,
  type MeshgridOptions,
} from './functions/join.js';
export { crossEntropy, type CrossEntropyOptions } from './functions/cross-entropy.js';
export { nllLoss, type NLLOptions, type Reduction, type ReductionOptions } from './functions/nll-loss.js';
export {
  linearInteger,
  unpackHalves,
  type HalfByteWeight,
  type LinearIntegerOptions,
} from './functions/linear-integer.js';
export { linear, linearRelu, matmul, matmulInteger, type MatmulIntegerOptions } from './functions/matmul.js';
export { adamStep, sgdStep, type AdamMemory, type AdamStepOptions, type SGDStepOptions } from './functions/optim.js';
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
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type AvgPoolOptions,
  type IndicesOption,
  type LpPoolOptions,
  type MaxPoolOptions,
  type WithIndices,
} from './functions/pool.js';
export { avgPoolScaled, type AverageParts, type AverageRegions, type AverageWindows } from './functions/pool-scaled.js';
export type { AdaptiveSize } from './functions/regions.js';
export {
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  type FractionalMaxPoolOptions,
  type MaxUnpoolOptions,
} from './functions/unpool.js';
export {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  localResponseNorm,
  rmsNorm,
  type BatchNormOptions,
  type InstanceNormOptions,
  type LocalResponseNormOptions,
  type NormalizeOptions,
  type RmsNormOptions,
} from './functions/normalize.js';
export type { PerDim } from './functions/spatial.js';
export { isin, type IsinOptions } from './functions/isin.js';
export { where } from './functions/where.js';
export { defaultGenerator, Generator, manualSeed, type GeneratorState } from './generator.js';
export type { Layout, Range, SliceIndex } from './layout.js';
export type { IndexItem } from './ops/advanced.js';
export type { ScatterReduction } from './ops/indexing.js';
export type { ScaledBinaryName } from './kernels/contract/integer.js';
export type { InputGrads, Op, Outputs, Result, Upstream } from './ops/op.js';
export type { PadMode } from './ops/pad.js';
export {
  bernoulli,
  multinomial,
  normal,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
  type MultinomialOptions,
  type RandomOptions,
} from './random.js';
export { enableGrad, noGrad } from './mode.js';
export type { Shape } from './shape.js';
export { Storage, type View } from './storage.js';
export { Tensor } from './tensor.js';
export type {
  EluOptions,
  GeluOptions,
  GluOptions,
  HardtanhOptions,
  LeakyReluOptions,
  RreluOptions,
  ShrinkOptions,
  SoftplusOptions,
} from './tensor/activation.js';
export type { CloseOptions } from './tensor/comparison.js';
export type { NestedArray } from './tensor/core.js';
export type { NanToNumOptions } from './tensor/elementwise.js';
export type { PadOptions } from './tensor/indexing.js';
export type { AddmmOptions } from './tensor/matmul.js';
export type { DrawOptions } from './tensor/random.js';
export type { DiagonalOptions, TriangleOptions } from './tensor/movement.js';
export type { AlphaOptions, ClampOptions, DivOptions, TensorLike, ValueOptions } from './tensor/operand.js';
export type { RoundOptions } from './tensor/unary.js';
export type { RoundingMode } from './ops/arithmetic.js';
export { memoryUsage, setMemoryBudget, type MemoryUsage } from './memory.js';
export type { Interpolation } from './ops/quantile.js';
export type { MinAndMax, ValuesAndIndices } from './tensor/extrema.js';
export type { AccumulateOptions, Dims, ReduceOptions } from './tensor/reduce.js';
export type { CumulateOptions } from './tensor/scan.js';
export type {
  AlongOptions,
  QuantileOptions,
  SearchOptions,
  SortOptions,
  TopkOptions,
  Unique,
  UniqueOptions,
} from './tensor/sort.js';
export type {
  DeviationAndMean,
  DispersionOptions,
  NormOptions,
  SoftmaxOptions,
  VarianceAndMean,
} from './tensor/statistics.js';
export { keep, scope } from './scope.js';
export { setWinograd } from './kernels/simd/conv/conv-winograd.js';
export { setFusedMultiplyAdd } from './kernels/simd/engine/engine.js';
export { getNumThreads, setNumThreads, threadStatus, type ThreadStatus } from './kernels/threads/threads.js';
