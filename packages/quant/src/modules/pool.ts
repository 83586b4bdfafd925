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

/** `MaxPool1d` whose input and output may be quantized. */
export class QuantizedMaxPool1d extends quantized(MaxPool1d) {}

/** `MaxPool2d` whose input and output may be quantized. */
export class QuantizedMaxPool2d extends quantized(MaxPool2d) {}

/** `MaxPool3d` whose input and output may be quantized. */
export class QuantizedMaxPool3d extends quantized(MaxPool3d) {}

/** `MaxUnpool1d` whose input and output may be quantized. */
export class QuantizedMaxUnpool1d extends quantized(MaxUnpool1d) {}

/** `MaxUnpool2d` whose input and output may be quantized. */
export class QuantizedMaxUnpool2d extends quantized(MaxUnpool2d) {}

/** `MaxUnpool3d` whose input and output may be quantized. */
export class QuantizedMaxUnpool3d extends quantized(MaxUnpool3d) {}

/** `AvgPool1d` whose input and output may be quantized. */
export class QuantizedAvgPool1d extends quantized(AvgPool1d) {}

/** `AvgPool2d` whose input and output may be quantized. */
export class QuantizedAvgPool2d extends quantized(AvgPool2d) {}

/** `AvgPool3d` whose input and output may be quantized. */
export class QuantizedAvgPool3d extends quantized(AvgPool3d) {}

/** `LPPool1d` whose input and output may be quantized. */
export class QuantizedLPPool1d extends quantized(LPPool1d) {}

/** `LPPool2d` whose input and output may be quantized. */
export class QuantizedLPPool2d extends quantized(LPPool2d) {}

/** `LPPool3d` whose input and output may be quantized. */
export class QuantizedLPPool3d extends quantized(LPPool3d) {}

/** `AdaptiveMaxPool1d` whose input and output may be quantized. */
export class QuantizedAdaptiveMaxPool1d extends quantized(AdaptiveMaxPool1d) {}

/** `AdaptiveMaxPool2d` whose input and output may be quantized. */
export class QuantizedAdaptiveMaxPool2d extends quantized(AdaptiveMaxPool2d) {}

/** `AdaptiveMaxPool3d` whose input and output may be quantized. */
export class QuantizedAdaptiveMaxPool3d extends quantized(AdaptiveMaxPool3d) {}

/** `AdaptiveAvgPool1d` whose input and output may be quantized. */
export class QuantizedAdaptiveAvgPool1d extends quantized(AdaptiveAvgPool1d) {}

/** `AdaptiveAvgPool2d` whose input and output may be quantized. */
export class QuantizedAdaptiveAvgPool2d extends quantized(AdaptiveAvgPool2d) {}

/** `AdaptiveAvgPool3d` whose input and output may be quantized. */
export class QuantizedAdaptiveAvgPool3d extends quantized(AdaptiveAvgPool3d) {}

/** `FractionalMaxPool2d` whose input and output may be quantized. */
export class QuantizedFractionalMaxPool2d extends quantized(FractionalMaxPool2d) {}

/** `FractionalMaxPool3d` whose input and output may be quantized. */
export class QuantizedFractionalMaxPool3d extends quantized(FractionalMaxPool3d) {}
