import { MultiheadAttention, type MultiheadAttentionOptions } from '@q/nn';
import { toQuantized } from './model.js';

/**
 * `MultiheadAttention` whose parts are quantized modules: its projections, both inner products and the softmax each have
 * quantizer places of their own. `toQuantized` makes the same of an existing one.
 */
export class QuantizedMultiheadAttention extends MultiheadAttention {
  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super(embedDim, numHeads, options);
    toQuantized(this);
  }
}
