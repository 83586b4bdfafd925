import { Interpolate, Upsample, UpsamplingBilinear2d, UpsamplingNearest2d } from '@q/nn';
import { quantized } from './mixin.js';

/** `Upsample` whose input and output may be quantized. */
export class QuantizedUpsample extends quantized(Upsample) {}

/** `UpsamplingNearest2d` whose input and output may be quantized. */
export class QuantizedUpsamplingNearest2d extends quantized(UpsamplingNearest2d) {}

/** `UpsamplingBilinear2d` whose input and output may be quantized. */
export class QuantizedUpsamplingBilinear2d extends quantized(UpsamplingBilinear2d) {}

/** `Interpolate` whose input and output may be quantized. */
export class QuantizedInterpolate extends quantized(Interpolate) {}
