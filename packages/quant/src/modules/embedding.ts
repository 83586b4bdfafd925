import { Embedding, EmbeddingBag } from '@q/nn';
import { quantized } from './mixin.js';

/** `Embedding` whose output and weight may be quantized. */
export class QuantizedEmbedding extends quantized(Embedding, { inputs: 0 }) {}

/** `EmbeddingBag` whose input, output and weight may be quantized. */
export class QuantizedEmbeddingBag extends quantized(EmbeddingBag, { namedInputs: { perSampleWeights: 0 } }) {}
