import {
  BCELoss,
  BCEWithLogitsLoss,
  CosineEmbeddingLoss,
  CrossEntropyLoss,
  CTCLoss,
  GaussianNLLLoss,
  HingeEmbeddingLoss,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  MarginRankingLoss,
  MSELoss,
  MultiLabelMarginLoss,
  MultiLabelSoftMarginLoss,
  MultiMarginLoss,
  NLLLoss,
  NLLLoss2d,
  PoissonNLLLoss,
  SmoothL1Loss,
  SoftMarginLoss,
  TripletMarginLoss,
  TripletMarginWithDistanceLoss,
} from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedBCELoss extends quantized(BCELoss, { inputs: 2 }) {}
export class QuantizedBCEWithLogitsLoss extends quantized(BCEWithLogitsLoss, { inputs: 2 }) {}
export class QuantizedCosineEmbeddingLoss extends quantized(CosineEmbeddingLoss, { inputs: 2 }) {}
export class QuantizedCrossEntropyLoss extends quantized(CrossEntropyLoss, { inputs: 2 }) {}
export class QuantizedHuberLoss extends quantized(HuberLoss, { inputs: 2 }) {}
export class QuantizedKLDivLoss extends quantized(KLDivLoss, { inputs: 2 }) {}
export class QuantizedL1Loss extends quantized(L1Loss, { inputs: 2 }) {}
export class QuantizedMSELoss extends quantized(MSELoss, { inputs: 2 }) {}
export class QuantizedMarginRankingLoss extends quantized(MarginRankingLoss, { inputs: 2 }) {}
export class QuantizedPoissonNLLLoss extends quantized(PoissonNLLLoss, { inputs: 2 }) {}
export class QuantizedSmoothL1Loss extends quantized(SmoothL1Loss, { inputs: 2 }) {}
export class QuantizedGaussianNLLLoss extends quantized(GaussianNLLLoss, { inputs: 3 }) {}
export class QuantizedTripletMarginLoss extends quantized(TripletMarginLoss, { inputs: 3 }) {}
export class QuantizedTripletMarginWithDistanceLoss extends quantized(TripletMarginWithDistanceLoss, { inputs: 3 }) {}
export class QuantizedCTCLoss extends quantized(CTCLoss) {}
export class QuantizedHingeEmbeddingLoss extends quantized(HingeEmbeddingLoss) {}
export class QuantizedMultiLabelMarginLoss extends quantized(MultiLabelMarginLoss) {}
export class QuantizedMultiLabelSoftMarginLoss extends quantized(MultiLabelSoftMarginLoss) {}
export class QuantizedMultiMarginLoss extends quantized(MultiMarginLoss) {}
export class QuantizedNLLLoss extends quantized(NLLLoss) {}
export class QuantizedNLLLoss2d extends quantized(NLLLoss2d) {}
export class QuantizedSoftMarginLoss extends quantized(SoftMarginLoss) {}
