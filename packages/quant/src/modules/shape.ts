import { Flatten, Fold, Unflatten, Unfold } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedFlatten extends quantized(Flatten) {}
export class QuantizedUnflatten extends quantized(Unflatten) {}
export class QuantizedFold extends quantized(Fold) {}
export class QuantizedUnfold extends quantized(Unfold) {}
