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

export class QuantizedReLU extends quantized(ReLU) {}
export class QuantizedReLU6 extends quantized(ReLU6) {}
export class QuantizedLeakyReLU extends quantized(LeakyReLU) {}
export class QuantizedPReLU extends quantized(PReLU) {}
export class QuantizedRReLU extends quantized(RReLU) {}
export class QuantizedELU extends quantized(ELU) {}
export class QuantizedSELU extends quantized(SELU) {}
export class QuantizedCELU extends quantized(CELU) {}
export class QuantizedGELU extends quantized(GELU) {}
export class QuantizedSiLU extends quantized(SiLU) {}
export class QuantizedMish extends quantized(Mish) {}
export class QuantizedSigmoid extends quantized(Sigmoid) {}
export class QuantizedLogSigmoid extends quantized(LogSigmoid) {}
export class QuantizedTanh extends quantized(Tanh) {}
export class QuantizedTanhshrink extends quantized(Tanhshrink) {}
export class QuantizedHardtanh extends quantized(Hardtanh) {}
export class QuantizedHardsigmoid extends quantized(Hardsigmoid) {}
export class QuantizedHardswish extends quantized(Hardswish) {}
export class QuantizedHardshrink extends quantized(Hardshrink) {}
export class QuantizedSoftplus extends quantized(Softplus) {}
export class QuantizedSoftshrink extends quantized(Softshrink) {}
export class QuantizedSoftsign extends quantized(Softsign) {}
export class QuantizedThreshold extends quantized(Threshold) {}
export class QuantizedGLU extends quantized(GLU) {}
export class QuantizedSoftmax extends quantized(Softmax) {}
export class QuantizedLogSoftmax extends quantized(LogSoftmax) {}
export class QuantizedSoftmin extends quantized(Softmin) {}
export class QuantizedSoftmax2d extends quantized(Softmax2d) {}
