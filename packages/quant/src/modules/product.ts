import { Addmm, Baddbmm, Bmm, DynamicConv2d, DynamicLinear, MatMul } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedMatMul extends quantized(MatMul, { inputs: 2 }) {}
export class QuantizedBmm extends quantized(Bmm, { inputs: 2 }) {}
export class QuantizedAddmm extends quantized(Addmm, { inputs: 3 }) {}
export class QuantizedBaddbmm extends quantized(Baddbmm, { inputs: 3 }) {}
export class QuantizedDynamicLinear extends quantized(DynamicLinear, { inputs: 3 }) {}
export class QuantizedDynamicConv2d extends quantized(DynamicConv2d, { inputs: 3 }) {}
