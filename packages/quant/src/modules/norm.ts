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

export class QuantizedBatchNorm1d extends quantized(BatchNorm1d) {}
export class QuantizedBatchNorm2d extends quantized(BatchNorm2d) {}
export class QuantizedBatchNorm3d extends quantized(BatchNorm3d) {}
export class QuantizedLayerNorm extends quantized(LayerNorm) {}
export class QuantizedGroupNorm extends quantized(GroupNorm) {}
export class QuantizedInstanceNorm1d extends quantized(InstanceNorm1d) {}
export class QuantizedInstanceNorm2d extends quantized(InstanceNorm2d) {}
export class QuantizedInstanceNorm3d extends quantized(InstanceNorm3d) {}
export class QuantizedLocalResponseNorm extends quantized(LocalResponseNorm) {}
export class QuantizedRMSNorm extends quantized(RMSNorm) {}
export class QuantizedRmsNorm extends quantized(RmsNorm) {}
