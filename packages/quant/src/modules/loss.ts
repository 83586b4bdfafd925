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

/** `BCELoss` whose two inputs and output may be quantized. */
export class QuantizedBCELoss extends quantized(BCELoss, { inputs: 2 }) {}

/** `BCEWithLogitsLoss` whose two inputs and output may be quantized. */
export class QuantizedBCEWithLogitsLoss extends quantized(BCEWithLogitsLoss, { inputs: 2 }) {}

/** `CosineEmbeddingLoss` whose two inputs and output may be quantized. */
export class QuantizedCosineEmbeddingLoss extends quantized(CosineEmbeddingLoss, { inputs: 2 }) {}

/** `CrossEntropyLoss` whose two inputs and output may be quantized. */
export class QuantizedCrossEntropyLoss extends quantized(CrossEntropyLoss, { inputs: 2 }) {}

/** `HuberLoss` whose two inputs and output may be quantized. */
export class QuantizedHuberLoss extends quantized(HuberLoss, { inputs: 2 }) {}

/** `KLDivLoss` whose two inputs and output may be quantized. */
export class QuantizedKLDivLoss extends quantized(KLDivLoss, { inputs: 2 }) {}

/** `L1Loss` whose two inputs and output may be quantized. */
export class QuantizedL1Loss extends quantized(L1Loss, { inputs: 2 }) {}

/** `MSELoss` whose two inputs and output may be quantized. */
export class QuantizedMSELoss extends quantized(MSELoss, { inputs: 2 }) {}

/** `MarginRankingLoss` whose two inputs and output may be quantized. */
export class QuantizedMarginRankingLoss extends quantized(MarginRankingLoss, { inputs: 2 }) {}

/** `PoissonNLLLoss` whose two inputs and output may be quantized. */
export class QuantizedPoissonNLLLoss extends quantized(PoissonNLLLoss, { inputs: 2 }) {}

/** `SmoothL1Loss` whose two inputs and output may be quantized. */
export class QuantizedSmoothL1Loss extends quantized(SmoothL1Loss, { inputs: 2 }) {}

/** `GaussianNLLLoss` whose three inputs and output may be quantized. */
export class QuantizedGaussianNLLLoss extends quantized(GaussianNLLLoss, { inputs: 3 }) {}

/** `TripletMarginLoss` whose three inputs and output may be quantized. */
export class QuantizedTripletMarginLoss extends quantized(TripletMarginLoss, { inputs: 3 }) {}

/** `TripletMarginWithDistanceLoss` whose three inputs and output may be quantized. */
export class QuantizedTripletMarginWithDistanceLoss extends quantized(TripletMarginWithDistanceLoss, { inputs: 3 }) {}

/** `CTCLoss` whose input and output may be quantized. */
export class QuantizedCTCLoss extends quantized(CTCLoss) {}

/** `HingeEmbeddingLoss` whose input and output may be quantized. */
export class QuantizedHingeEmbeddingLoss extends quantized(HingeEmbeddingLoss) {}

/** `MultiLabelMarginLoss` whose input and output may be quantized. */
export class QuantizedMultiLabelMarginLoss extends quantized(MultiLabelMarginLoss) {}

/** `MultiLabelSoftMarginLoss` whose input and output may be quantized. */
export class QuantizedMultiLabelSoftMarginLoss extends quantized(MultiLabelSoftMarginLoss) {}

/** `MultiMarginLoss` whose input and output may be quantized. */
export class QuantizedMultiMarginLoss extends quantized(MultiMarginLoss) {}

/** `NLLLoss` whose input and output may be quantized. */
export class QuantizedNLLLoss extends quantized(NLLLoss) {}

/** `NLLLoss2d` whose input and output may be quantized. */
export class QuantizedNLLLoss2d extends quantized(NLLLoss2d) {}

/** `SoftMarginLoss` whose input and output may be quantized. */
export class QuantizedSoftMarginLoss extends quantized(SoftMarginLoss) {}
