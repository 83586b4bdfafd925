import { Addmm, Baddbmm, Bmm, DynamicConv2d, DynamicLinear, MatMul } from '@q/nn';
import { quantized } from './mixin.js';

/** `MatMul` whose two inputs and output may be quantized. */
export class QuantizedMatMul extends quantized(MatMul, { inputs: 2 }) {}

/** `Bmm` whose two inputs and output may be quantized. */
export class QuantizedBmm extends quantized(Bmm, { inputs: 2 }) {}

/** `Addmm` whose three inputs and output may be quantized. */
export class QuantizedAddmm extends quantized(Addmm, { inputs: 3 }) {}

/** `Baddbmm` whose three inputs and output may be quantized. */
export class QuantizedBaddbmm extends quantized(Baddbmm, { inputs: 3 }) {}

/** `DynamicLinear` whose three inputs and output may be quantized. */
export class QuantizedDynamicLinear extends quantized(DynamicLinear, { inputs: 3 }) {}

/** `DynamicConv2d` whose three inputs and output may be quantized. */
export class QuantizedDynamicConv2d extends quantized(DynamicConv2d, { inputs: 3 }) {}
