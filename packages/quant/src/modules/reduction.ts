import { AMax, AMin, Argmax, Argmin, CumSum, Max, Mean, Min, Norm, Normalize, Prod, Sum, TopK } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedMean extends quantized(Mean) {}
export class QuantizedSum extends quantized(Sum) {}
export class QuantizedProd extends quantized(Prod) {}
export class QuantizedAMax extends quantized(AMax) {}
export class QuantizedAMin extends quantized(AMin) {}
export class QuantizedMax extends quantized(Max) {}
export class QuantizedMin extends quantized(Min) {}
export class QuantizedArgmax extends quantized(Argmax) {}
export class QuantizedArgmin extends quantized(Argmin) {}
export class QuantizedNorm extends quantized(Norm) {}
export class QuantizedNormalize extends quantized(Normalize) {}
export class QuantizedCumSum extends quantized(CumSum) {}
export class QuantizedTopK extends quantized(TopK) {}
