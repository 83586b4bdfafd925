import { AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedDropout extends quantized(Dropout) {}
export class QuantizedDropout1d extends quantized(Dropout1d) {}
export class QuantizedDropout2d extends quantized(Dropout2d) {}
export class QuantizedDropout3d extends quantized(Dropout3d) {}
export class QuantizedAlphaDropout extends quantized(AlphaDropout) {}
export class QuantizedFeatureAlphaDropout extends quantized(FeatureAlphaDropout) {}
