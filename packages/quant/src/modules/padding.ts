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

/** `ConstantPad1d` whose input and output may be quantized. */
export class QuantizedConstantPad1d extends quantized(ConstantPad1d) {}

/** `ConstantPad2d` whose input and output may be quantized. */
export class QuantizedConstantPad2d extends quantized(ConstantPad2d) {}

/** `ConstantPad3d` whose input and output may be quantized. */
export class QuantizedConstantPad3d extends quantized(ConstantPad3d) {}

/** `ReflectionPad1d` whose input and output may be quantized. */
export class QuantizedReflectionPad1d extends quantized(ReflectionPad1d) {}

/** `ReflectionPad2d` whose input and output may be quantized. */
export class QuantizedReflectionPad2d extends quantized(ReflectionPad2d) {}

/** `ReflectionPad3d` whose input and output may be quantized. */
export class QuantizedReflectionPad3d extends quantized(ReflectionPad3d) {}

/** `ReplicationPad1d` whose input and output may be quantized. */
export class QuantizedReplicationPad1d extends quantized(ReplicationPad1d) {}

/** `ReplicationPad2d` whose input and output may be quantized. */
export class QuantizedReplicationPad2d extends quantized(ReplicationPad2d) {}

/** `ReplicationPad3d` whose input and output may be quantized. */
export class QuantizedReplicationPad3d extends quantized(ReplicationPad3d) {}

/** `ZeroPad1d` whose input and output may be quantized. */
export class QuantizedZeroPad1d extends quantized(ZeroPad1d) {}

/** `ZeroPad2d` whose input and output may be quantized. */
export class QuantizedZeroPad2d extends quantized(ZeroPad2d) {}

/** `ZeroPad3d` whose input and output may be quantized. */
export class QuantizedZeroPad3d extends quantized(ZeroPad3d) {}

/** `CircularPad1d` whose input and output may be quantized. */
export class QuantizedCircularPad1d extends quantized(CircularPad1d) {}

/** `CircularPad2d` whose input and output may be quantized. */
export class QuantizedCircularPad2d extends quantized(CircularPad2d) {}

/** `CircularPad3d` whose input and output may be quantized. */
export class QuantizedCircularPad3d extends quantized(CircularPad3d) {}
