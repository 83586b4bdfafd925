import { Interpolate, Upsample, UpsamplingBilinear2d, UpsamplingNearest2d } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedUpsample extends quantized(Upsample) {}
export class QuantizedUpsamplingNearest2d extends quantized(UpsamplingNearest2d) {}
export class QuantizedUpsamplingBilinear2d extends quantized(UpsamplingBilinear2d) {}
export class QuantizedInterpolate extends quantized(Interpolate) {}
