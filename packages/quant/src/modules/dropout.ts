import { AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout } from '@q/nn';
import { quantized } from './mixin.js';

/** `Dropout` whose input and output may be quantized. */
export class QuantizedDropout extends quantized(Dropout) {}

/** `Dropout1d` whose input and output may be quantized. */
export class QuantizedDropout1d extends quantized(Dropout1d) {}

/** `Dropout2d` whose input and output may be quantized. */
export class QuantizedDropout2d extends quantized(Dropout2d) {}

/** `Dropout3d` whose input and output may be quantized. */
export class QuantizedDropout3d extends quantized(Dropout3d) {}

/** `AlphaDropout` whose input and output may be quantized. */
export class QuantizedAlphaDropout extends quantized(AlphaDropout) {}

/** `FeatureAlphaDropout` whose input and output may be quantized. */
export class QuantizedFeatureAlphaDropout extends quantized(FeatureAlphaDropout) {}
