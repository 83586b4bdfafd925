export { clipGradNorm, clipGradValue, type ClipNormOptions } from './clip.js';
export * as custom from './custom.js';
export { collate, type Collated } from './data/collate.js';
export {
  ConcatDataset,
  randomSplit,
  Subset,
  TensorDataset,
  type Dataset,
  type IndexedSource,
  type TensorSample,
} from './data/dataset.js';
export type { SeedOptions } from './data/seed.js';
export { DataLoader, type LoaderOptions, type SampleSource } from './data/loader.js';
export { WeightedRandomSampler, type Sampler, type WeightedSamplerOptions } from './data/sampler.js';
export { ModuleError } from './errors.js';
export * as functional from './functional.js';
export * as init from './init.js';
export * from './layers/activation.js';
export * from './layers/adaptive-pool.js';
export * from './layers/attention.js';
export * from './layers/container.js';
export * from './layers/conv.js';
export * from './layers/distance.js';
export * from './layers/dropout.js';
export * from './layers/elementwise.js';
export * from './layers/embedding.js';
export * from './layers/linear.js';
export * from './layers/movement.js';
export * from './layers/norm/batch.js';
export type { ChannelNormOptions } from './layers/norm/channel.js';
export * from './layers/norm/group.js';
export * from './layers/norm/instance.js';
export * from './layers/norm/layer.js';
export * from './layers/norm/response.js';
export * from './layers/norm/rms.js';
export type { ConfiguredClass, Layer, Operation, OperationClass, Settings } from './layers/operation.js';
export * from './layers/padding.js';
export * from './layers/pool.js';
export * from './layers/product.js';
export * from './layers/recurrent.js';
export * from './layers/recurrent-cell.js';
export * from './layers/reduction.js';
export * from './layers/resample.js';
export * from './layers/shape.js';
export * from './layers/transformer.js';
export * from './losses/binary.js';
export * from './losses/classification.js';
export * from './losses/ctc.js';
export { Loss, type WeightOptions } from './losses/loss.js';
export * from './losses/margin.js';
export * from './losses/regression.js';
export { Module, slots, type Slot } from './module.js';
export { Parameter, type ParameterOptions } from './parameter.js';
export type { Sizes } from './sizes.js';
export type { BufferSlot, ModuleSlot, ModuleStatics, ParameterSlot, SlotOf, SlotPlace, StateNames } from './slots.js';
export type { LoadOptions, LoadResult, StateDict, StateSource } from './state.js';
