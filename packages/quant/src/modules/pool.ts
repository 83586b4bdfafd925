import {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  FractionalMaxPool2d,
  FractionalMaxPool3d,
  LPPool1d,
  LPPool2d,
  LPPool3d,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  MaxUnpool1d,
  MaxUnpool2d,
  MaxUnpool3d,
} from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedMaxPool1d extends quantized(MaxPool1d) {}
export class QuantizedMaxPool2d extends quantized(MaxPool2d) {}
export class QuantizedMaxPool3d extends quantized(MaxPool3d) {}
export class QuantizedMaxUnpool1d extends quantized(MaxUnpool1d) {}
export class QuantizedMaxUnpool2d extends quantized(MaxUnpool2d) {}
export class QuantizedMaxUnpool3d extends quantized(MaxUnpool3d) {}
export class QuantizedAvgPool1d extends quantized(AvgPool1d) {}
export class QuantizedAvgPool2d extends quantized(AvgPool2d) {}
export class QuantizedAvgPool3d extends quantized(AvgPool3d) {}
export class QuantizedLPPool1d extends quantized(LPPool1d) {}
export class QuantizedLPPool2d extends quantized(LPPool2d) {}
export class QuantizedLPPool3d extends quantized(LPPool3d) {}
export class QuantizedAdaptiveMaxPool1d extends quantized(AdaptiveMaxPool1d) {}
export class QuantizedAdaptiveMaxPool2d extends quantized(AdaptiveMaxPool2d) {}
export class QuantizedAdaptiveMaxPool3d extends quantized(AdaptiveMaxPool3d) {}
export class QuantizedAdaptiveAvgPool1d extends quantized(AdaptiveAvgPool1d) {}
export class QuantizedAdaptiveAvgPool2d extends quantized(AdaptiveAvgPool2d) {}
export class QuantizedAdaptiveAvgPool3d extends quantized(AdaptiveAvgPool3d) {}
export class QuantizedFractionalMaxPool2d extends quantized(FractionalMaxPool2d) {}
export class QuantizedFractionalMaxPool3d extends quantized(FractionalMaxPool3d) {}
