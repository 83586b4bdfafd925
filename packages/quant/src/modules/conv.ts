import { Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from '@q/nn';
import { quantized } from './mixin.js';

/** `Conv1d` whose input, output, weight and bias may be quantized. */
export class QuantizedConv1d extends quantized(Conv1d) {}

/** `Conv2d` whose input, output, weight and bias may be quantized. */
export class QuantizedConv2d extends quantized(Conv2d) {}

/** `Conv3d` whose input, output, weight and bias may be quantized. */
export class QuantizedConv3d extends quantized(Conv3d) {}

/** `ConvTranspose1d` whose input, output, weight and bias may be quantized. */
export class QuantizedConvTranspose1d extends quantized(ConvTranspose1d) {}

/** `ConvTranspose2d` whose input, output, weight and bias may be quantized. */
export class QuantizedConvTranspose2d extends quantized(ConvTranspose2d) {}

/** `ConvTranspose3d` whose input, output, weight and bias may be quantized. */
export class QuantizedConvTranspose3d extends quantized(ConvTranspose3d) {}
