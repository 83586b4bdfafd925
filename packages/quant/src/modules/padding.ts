import {
  CircularPad1d,
  CircularPad2d,
  CircularPad3d,
  ConstantPad1d,
  ConstantPad2d,
  ConstantPad3d,
  ReflectionPad1d,
  ReflectionPad2d,
  ReflectionPad3d,
  ReplicationPad1d,
  ReplicationPad2d,
  ReplicationPad3d,
  ZeroPad1d,
  ZeroPad2d,
  ZeroPad3d,
} from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedConstantPad1d extends quantized(ConstantPad1d) {}
export class QuantizedConstantPad2d extends quantized(ConstantPad2d) {}
export class QuantizedConstantPad3d extends quantized(ConstantPad3d) {}
export class QuantizedReflectionPad1d extends quantized(ReflectionPad1d) {}
export class QuantizedReflectionPad2d extends quantized(ReflectionPad2d) {}
export class QuantizedReflectionPad3d extends quantized(ReflectionPad3d) {}
export class QuantizedReplicationPad1d extends quantized(ReplicationPad1d) {}
export class QuantizedReplicationPad2d extends quantized(ReplicationPad2d) {}
export class QuantizedReplicationPad3d extends quantized(ReplicationPad3d) {}
export class QuantizedZeroPad1d extends quantized(ZeroPad1d) {}
export class QuantizedZeroPad2d extends quantized(ZeroPad2d) {}
export class QuantizedZeroPad3d extends quantized(ZeroPad3d) {}
export class QuantizedCircularPad1d extends quantized(CircularPad1d) {}
export class QuantizedCircularPad2d extends quantized(CircularPad2d) {}
export class QuantizedCircularPad3d extends quantized(CircularPad3d) {}
