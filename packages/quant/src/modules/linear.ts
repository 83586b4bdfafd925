import { Bilinear, Linear } from '@q/nn';
import { quantized } from './mixin.js';

/** `Linear` whose input, output, weight and bias may be quantized. */
export class QuantizedLinear extends quantized(Linear) {}

/** `Bilinear` whose two inputs, output, weight and bias may be quantized. */
export class QuantizedBilinear extends quantized(Bilinear, { inputs: 2 }) {}
