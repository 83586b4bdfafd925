import { ChannelShuffle, Flatten, Fold, PixelShuffle, PixelUnshuffle, Unflatten, Unfold } from '@q/nn';
import { quantized } from './mixin.js';

/** `Flatten` whose input and output may be quantized. */
export class QuantizedFlatten extends quantized(Flatten) {}

/** `Unflatten` whose input and output may be quantized. */
export class QuantizedUnflatten extends quantized(Unflatten) {}

/** `Fold` whose input and output may be quantized. */
export class QuantizedFold extends quantized(Fold) {}

/** `Unfold` whose input and output may be quantized. */
export class QuantizedUnfold extends quantized(Unfold) {}

/** `PixelShuffle` whose input and output may be quantized. */
export class QuantizedPixelShuffle extends quantized(PixelShuffle) {}

/** `PixelUnshuffle` whose input and output may be quantized. */
export class QuantizedPixelUnshuffle extends quantized(PixelUnshuffle) {}

/** `ChannelShuffle` whose input and output may be quantized. */
export class QuantizedChannelShuffle extends quantized(ChannelShuffle) {}
