import { ChannelShuffle, Flatten, Fold, PixelShuffle, PixelUnshuffle, Unflatten, Unfold } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedFlatten extends quantized(Flatten) {}
export class QuantizedUnflatten extends quantized(Unflatten) {}
export class QuantizedFold extends quantized(Fold) {}
export class QuantizedUnfold extends quantized(Unfold) {}
export class QuantizedPixelShuffle extends quantized(PixelShuffle) {}
export class QuantizedPixelUnshuffle extends quantized(PixelUnshuffle) {}
export class QuantizedChannelShuffle extends quantized(ChannelShuffle) {}
