import { Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedConv1d extends quantized(Conv1d) {}
export class QuantizedConv2d extends quantized(Conv2d) {}
export class QuantizedConv3d extends quantized(Conv3d) {}
export class QuantizedConvTranspose1d extends quantized(ConvTranspose1d) {}
export class QuantizedConvTranspose2d extends quantized(ConvTranspose2d) {}
export class QuantizedConvTranspose3d extends quantized(ConvTranspose3d) {}
