export { EncodingAnalyzer, type EncodingRange } from './analyzers/analyzer.js';
export type { Ends } from './analyzers/range.js';
export type { Histogram } from './observers/histogram.js';
export type { MinMaxStats } from './observers/min-max.js';
export type { Grid, GridByBits, GridByEnds, GridBySteps, GridOptions } from './grid.js';
export { EntropyEncodingAnalyzer, type EntropyOptions } from './analyzers/entropy.js';
export { MinMaxEncodingAnalyzer } from './analyzers/min-max.js';
export { MovingAverageMinMaxEncodingAnalyzer, type MovingAverageOptions } from './analyzers/moving-average.js';
export { MseEncodingAnalyzer, type MseOptions } from './analyzers/mse.js';
export { PercentileEncodingAnalyzer, type PercentileOptions } from './analyzers/percentile.js';
export { SqnrEncodingAnalyzer, type SqnrOptions } from './analyzers/sqnr.js';
export { computeEncodings, computeParamEncodings } from './calibrate.js';
export { AffineEncoding, type AffineEncodingOptions, type AffineEncodingSettings } from './encodings/affine.js';
export type { Encoding, Granularity } from './encodings/encoding.js';
export { EncodingError, QuantizationError, StatisticsNotFoundError } from './errors.js';
export { integerAdd, integerConv, integerLinear, integerMatMul, integerMultiply } from './kernels/integer.js';
export { readInteger } from './lower/file/read.js';
export { writeInteger } from './lower/file/write.js';
export { lowerToInteger, type Lowered } from './lower/lower.js';
export { IntegerLayer, type Route } from './lower/layer.js';
export { LoweringReport, type LoweredLayer } from './lower/report.js';
export * from './modules/fake-quantized.js';
export type { FakeQuantized, Quantized } from './modules/mixin.js';
export * from './modules/activation.js';
export * from './modules/attention.js';
export * from './modules/conv.js';
export * from './modules/distance.js';
export * from './modules/dropout.js';
export * from './modules/elementwise.js';
export * from './modules/embedding.js';
export * from './modules/linear.js';
export * from './modules/loss.js';
export * from './modules/movement.js';
export * from './modules/norm.js';
export * from './modules/padding.js';
export * from './modules/pool.js';
export * from './modules/product.js';
export * from './modules/recurrent.js';
export * from './modules/reduction.js';
export * from './modules/resample.js';
export * from './modules/shape.js';
export { toQuantized } from './modules/model.js';
export { FakeQuantizationMixin, QuantizationMixin, type Register } from './modules/quantization-mixin.js';
export {
  isQuantized,
  type Arity,
  type EncodingsByPlace,
  type ImportOptions,
  type Kernel,
  type KernelContext,
  type KernelModule,
  type KernelOperand,
  type KernelStatics,
  type LegacyEncodings,
  type ModuleClass,
  type QuantizedModule,
  type QuantizerSlot,
} from './modules/quantized-module.js';
export { QuantizersRemoved } from './modules/removal.js';
export {
  defaultConfig,
  type Flag,
  type OpConfig,
  type OpTypeConfig,
  type ParamConfig,
  type QuantSimConfig,
  type RangeConfig,
  type SupergroupConfig,
} from './sim/config.js';
export type { ActivationEncodings, ModelEncodings } from './sim/encodings.js';
export { foldAllBatchNorms, type FoldedPair, type FoldOptions } from './sim/fold.js';
export type { QuantScheme } from './sim/place.js';
export { QuantizationSimModel, type QuantizationSimOptions } from './sim/sim-model.js';
export * as affine from './quantizers/affine.js';
export * as float from './quantizers/float.js';
export type { Calibration, CalibrationOptions, CalibrationScope } from './quantizers/calibration.js';
export { QuantizerBase, type LegacyEncoding, type LegacyOptions } from './quantizers/quantizer.js';
export type { FloatDType } from './arguments.js';
export { DequantizedTensor, EncodedTensor, QuantizedTensor } from './tensor.js';
export { onWarning, type QuantizationWarning, type WarningListener } from './warnings.js';
