import { AMax, AMin, Argmax, Argmin, CumSum, Max, Mean, Min, Norm, Normalize, Prod, Sum, TopK } from '@q/nn';
import { quantized } from './mixin.js';

/** `Mean` whose input and output may be quantized. */
export class QuantizedMean extends quantized(Mean) {}

/** `Sum` whose input and output may be quantized. */
export class QuantizedSum extends quantized(Sum) {}

/** `Prod` whose input and output may be quantized. */
export class QuantizedProd extends quantized(Prod) {}

/** `AMax` whose input and output may be quantized. */
export class QuantizedAMax extends quantized(AMax) {}

/** `AMin` whose input and output may be quantized. */
export class QuantizedAMin extends quantized(AMin) {}

/** `Max` whose input and output may be quantized. */
export class QuantizedMax extends quantized(Max) {}

/** `Min` whose input and output may be quantized. */
export class QuantizedMin extends quantized(Min) {}

/** `Argmax` whose input and output may be quantized. */
export class QuantizedArgmax extends quantized(Argmax) {}

/** `Argmin` whose input and output may be quantized. */
export class QuantizedArgmin extends quantized(Argmin) {}

/** `Norm` whose input and output may be quantized. */
export class QuantizedNorm extends quantized(Norm) {}

/** `Normalize` whose input and output may be quantized. */
export class QuantizedNormalize extends quantized(Normalize) {}

/** `CumSum` whose input and output may be quantized. */
export class QuantizedCumSum extends quantized(CumSum) {}

/** `TopK` whose input and output may be quantized. */
export class QuantizedTopK extends quantized(TopK) {}
