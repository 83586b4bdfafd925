import { CrossEntropyLoss, L1Loss, MSELoss, NLLLoss } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedCrossEntropyLoss extends quantized(CrossEntropyLoss, { inputs: 2 }) {}
export class QuantizedL1Loss extends quantized(L1Loss, { inputs: 2 }) {}
export class QuantizedMSELoss extends quantized(MSELoss, { inputs: 2 }) {}
export class QuantizedNLLLoss extends quantized(NLLLoss) {}
