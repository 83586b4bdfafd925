import { Embedding, EmbeddingBag } from '@q/nn';
import { quantized } from './mixin.js';

export class QuantizedEmbedding extends quantized(Embedding, { inputs: 0 }) {}
export class QuantizedEmbeddingBag extends quantized(EmbeddingBag, { namedInputs: { perSampleWeights: 0 } }) {}
