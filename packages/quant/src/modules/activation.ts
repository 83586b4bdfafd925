import {
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
} from '@q/nn';
import { quantized } from './mixin.js';

/** `ReLU` whose input and output may be quantized. */
export class QuantizedReLU extends quantized(ReLU) {}

/** `ReLU6` whose input and output may be quantized. */
export class QuantizedReLU6 extends quantized(ReLU6) {}

/** `LeakyReLU` whose input and output may be quantized. */
export class QuantizedLeakyReLU extends quantized(LeakyReLU) {}

/** `PReLU` whose input, output and weight may be quantized. */
export class QuantizedPReLU extends quantized(PReLU) {}

/** `RReLU` whose input and output may be quantized. */
export class QuantizedRReLU extends quantized(RReLU) {}

/** `ELU` whose input and output may be quantized. */
export class QuantizedELU extends quantized(ELU) {}

/** `SELU` whose input and output may be quantized. */
export class QuantizedSELU extends quantized(SELU) {}

/** `CELU` whose input and output may be quantized. */
export class QuantizedCELU extends quantized(CELU) {}

/** `GELU` whose input and output may be quantized. */
export class QuantizedGELU extends quantized(GELU) {}

/** `SiLU` whose input and output may be quantized. */
export class QuantizedSiLU extends quantized(SiLU) {}

/** `Mish` whose input and output may be quantized. */
export class QuantizedMish extends quantized(Mish) {}

/** `Sigmoid` whose input and output may be quantized. */
export class QuantizedSigmoid extends quantized(Sigmoid) {}

/** `LogSigmoid` whose input and output may be quantized. */
export class QuantizedLogSigmoid extends quantized(LogSigmoid) {}

/** `Tanh` whose input and output may be quantized. */
export class QuantizedTanh extends quantized(Tanh) {}

/** `Tanhshrink` whose input and output may be quantized. */
export class QuantizedTanhshrink extends quantized(Tanhshrink) {}

/** `Hardtanh` whose input and output may be quantized. */
export class QuantizedHardtanh extends quantized(Hardtanh) {}

/** `Hardsigmoid` whose input and output may be quantized. */
export class QuantizedHardsigmoid extends quantized(Hardsigmoid) {}

/** `Hardswish` whose input and output may be quantized. */
export class QuantizedHardswish extends quantized(Hardswish) {}

/** `Hardshrink` whose input and output may be quantized. */
export class QuantizedHardshrink extends quantized(Hardshrink) {}

/** `Softplus` whose input and output may be quantized. */
export class QuantizedSoftplus extends quantized(Softplus) {}

/** `Softshrink` whose input and output may be quantized. */
export class QuantizedSoftshrink extends quantized(Softshrink) {}

/** `Softsign` whose input and output may be quantized. */
export class QuantizedSoftsign extends quantized(Softsign) {}

/** `Threshold` whose input and output may be quantized. */
export class QuantizedThreshold extends quantized(Threshold) {}

/** `GLU` whose input and output may be quantized. */
export class QuantizedGLU extends quantized(GLU) {}

/** `Softmax` whose input and output may be quantized. */
export class QuantizedSoftmax extends quantized(Softmax) {}

/** `LogSoftmax` whose input and output may be quantized. */
export class QuantizedLogSoftmax extends quantized(LogSoftmax) {}

/** `Softmin` whose input and output may be quantized. */
export class QuantizedSoftmin extends quantized(Softmin) {}

/** `Softmax2d` whose input and output may be quantized. */
export class QuantizedSoftmax2d extends quantized(Softmax2d) {}
