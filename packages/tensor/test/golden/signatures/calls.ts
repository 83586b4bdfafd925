/** Forward calls of torch.nn modules, by class; other modules take their tensors in order. Every name is an argument. */
import { each } from './each.js';

const decoder = 'tgt memory {tgt_mask memory_mask tgt_key_padding_mask memory_key_padding_mask}';

export const calls: Readonly<Record<string, string>> = {
  ...each('ConvTranspose1d ConvTranspose2d ConvTranspose3d', 'input {output_size}'),
  ...each('MaxUnpool1d MaxUnpool2d MaxUnpool3d', 'input indices {output_size}'),
  ...each('RNN LSTM GRU RNNCell LSTMCell GRUCell', 'input hx?'),
  ...each('Reshape Expand', 'input *shape'),
  ...each('Permute Tile', 'input *dims'),
  ...each('TransformerDecoderLayer TransformerDecoder', decoder),
  TransformerEncoderLayer: 'src {src_mask src_key_padding_mask}',
  TransformerEncoder: 'src {mask src_key_padding_mask}',
  Transformer:
    'src tgt {src_mask tgt_mask memory_mask src_key_padding_mask tgt_key_padding_mask memory_key_padding_mask}',
  MultiheadAttention: 'query key value {key_padding_mask need_weights attn_mask average_attn_weights}',
  EmbeddingBag: 'input offsets? {per_sample_weights}',
};
