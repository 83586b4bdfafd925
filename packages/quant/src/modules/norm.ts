import {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  GroupNorm,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  LayerNorm,
  LocalResponseNorm,
  RMSNorm,
  RmsNorm,
} from '@q/nn';
import { quantized } from './mixin.js';

/** `BatchNorm1d` whose input, output, weight and bias may be quantized. */
export class QuantizedBatchNorm1d extends quantized(BatchNorm1d) {}

/** `BatchNorm2d` whose input, output, weight and bias may be quantized. */
export class QuantizedBatchNorm2d extends quantized(BatchNorm2d) {}

/** `BatchNorm3d` whose input, output, weight and bias may be quantized. */
export class QuantizedBatchNorm3d extends quantized(BatchNorm3d) {}

/** `LayerNorm` whose input, output, weight and bias may be quantized. */
export class QuantizedLayerNorm extends quantized(LayerNorm) {}

/** `GroupNorm` whose input, output, weight and bias may be quantized. */
export class QuantizedGroupNorm extends quantized(GroupNorm) {}

/** `InstanceNorm1d` whose input, output, weight and bias may be quantized. */
export class QuantizedInstanceNorm1d extends quantized(InstanceNorm1d) {}

/** `InstanceNorm2d` whose input, output, weight and bias may be quantized. */
export class QuantizedInstanceNorm2d extends quantized(InstanceNorm2d) {}

/** `InstanceNorm3d` whose input, output, weight and bias may be quantized. */
export class QuantizedInstanceNorm3d extends quantized(InstanceNorm3d) {}

/** `LocalResponseNorm` whose input and output may be quantized. */
export class QuantizedLocalResponseNorm extends quantized(LocalResponseNorm) {}

/** `RMSNorm` whose input, output and weight may be quantized. */
export class QuantizedRMSNorm extends quantized(RMSNorm) {}

/** `RmsNorm` whose input, output, weight and bias may be quantized. */
export class QuantizedRmsNorm extends quantized(RmsNorm) {}
