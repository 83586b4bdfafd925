import { CosineSimilarity, PairwiseDistance } from '@q/nn';
import { quantized } from './mixin.js';

/** `CosineSimilarity` whose two inputs and output may be quantized. */
export class QuantizedCosineSimilarity extends quantized(CosineSimilarity, { inputs: 2 }) {}

/** `PairwiseDistance` whose two inputs and output may be quantized. */
export class QuantizedPairwiseDistance extends quantized(PairwiseDistance, { inputs: 2 }) {}
