import { Bilinear, Linear } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedLinear extends quantized(Linear) {}
export class QuantizedBilinear extends quantized(Bilinear, { inputs: 2 }) {}
