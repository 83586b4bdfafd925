import { CosineSimilarity, PairwiseDistance } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedCosineSimilarity extends quantized(CosineSimilarity, { inputs: 2 }) {}
export class QuantizedPairwiseDistance extends quantized(PairwiseDistance, { inputs: 2 }) {}
