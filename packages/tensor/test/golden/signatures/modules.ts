/** Constructors of torch.nn modules in torch's order; what is required is positional here, the rest are options. */
import { each } from './each.js';

const conv = 'in_channels out_channels kernel_size {stride padding dilation groups bias padding_mode}';
const convTranspose =
  'in_channels out_channels kernel_size {stride padding output_padding groups bias dilation padding_mode}';
const batchNorm = 'num_features {eps momentum affine track_running_stats}';
const maxPool = 'kernel_size {stride padding dilation return_indices ceil_mode}';
const unpool = 'kernel_size {stride padding}';
const lpPool = 'norm_type kernel_size {stride ceil_mode}';
const recurrent = 'input_size hidden_size {num_layers bias batch_first dropout bidirectional proj_size nonlinearity}';
const cell = 'input_size hidden_size {bias nonlinearity}';
const transformerLayer =
  'd_model nhead {dim_feedforward dropout activation layer_norm_eps batch_first norm_first bias}';
const loss = '{weight size_average reduce reduction}';
const unweighted = '{reduction}';

export const modules: Readonly<Record<string, string>> = {
  ...each('Conv1d Conv2d Conv3d', conv),
  ...each('ConvTranspose1d ConvTranspose2d ConvTranspose3d', convTranspose),
  ...each('BatchNorm1d BatchNorm2d BatchNorm3d InstanceNorm1d InstanceNorm2d InstanceNorm3d', batchNorm),
  ...each('MaxPool1d MaxPool2d MaxPool3d', maxPool),
  ...each('MaxUnpool1d MaxUnpool2d MaxUnpool3d', unpool),
  ...each('LPPool1d LPPool2d LPPool3d', lpPool),
  ...each('AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d', 'output_size'),
  ...each('AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d', 'output_size {return_indices}'),
  ...each('RNN LSTM GRU', recurrent),
  ...each('RNNCell LSTMCell GRUCell', cell),
  ...each('TransformerEncoderLayer TransformerDecoderLayer', transformerLayer),
  ...each('ConstantPad1d ConstantPad2d ConstantPad3d', 'padding value'),
  ...each('ZeroPad1d ZeroPad2d ZeroPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d', 'padding'),
  ...each('ReplicationPad1d ReplicationPad2d ReplicationPad3d CircularPad1d CircularPad2d CircularPad3d', 'padding'),
  ...each('Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout', 'p? {inplace}'),
  ...each('Softmax LogSoftmax Softmin', 'dim?'),
  ...each('ReLU ReLU6 SELU SiLU Mish Hardswish Hardsigmoid', '{inplace}'),
  ...each('Sigmoid Tanh LogSigmoid Softsign Tanhshrink Softmax2d Identity', ''),
  ...each('L1Loss MSELoss SoftMarginLoss MultiLabelMarginLoss', unweighted),
  ...each('BCELoss MultiLabelSoftMarginLoss', loss),
  AvgPool1d: 'kernel_size {stride padding ceil_mode count_include_pad}',
  AvgPool2d: 'kernel_size {stride padding ceil_mode count_include_pad divisor_override}',
  AvgPool3d: 'kernel_size {stride padding ceil_mode count_include_pad divisor_override}',
  FractionalMaxPool2d: 'kernel_size {output_size output_ratio return_indices}',
  FractionalMaxPool3d: 'kernel_size {output_size output_ratio return_indices}',
  ELU: '{alpha inplace}',
  CELU: '{alpha inplace}',
  GELU: '{approximate}',
  GLU: '{dim}',
  Hardshrink: '{lambd}',
  Softshrink: '{lambd}',
  Hardtanh: '{min_val max_val inplace}',
  LeakyReLU: '{negative_slope inplace}',
  PReLU: '{num_parameters init}',
  RReLU: '{lower upper inplace}',
  Softplus: '{beta threshold}',
  Threshold: 'threshold value {inplace}',
  Linear: 'in_features out_features {bias}',
  Bilinear: 'in1_features in2_features out_features {bias}',
  LayerNorm: 'normalized_shape {eps elementwise_affine bias}',
  RMSNorm: 'normalized_shape {eps elementwise_affine}',
  RmsNorm: 'input_shape axes epsilon',
  GroupNorm: 'num_groups num_channels {eps affine}',
  LocalResponseNorm: 'size {alpha beta k}',
  Embedding: 'num_embeddings embedding_dim {padding_idx max_norm norm_type scale_grad_by_freq sparse}',
  EmbeddingBag:
    'num_embeddings embedding_dim {max_norm norm_type scale_grad_by_freq mode sparse include_last_offset padding_idx}',
  MultiheadAttention: 'embed_dim num_heads {dropout bias add_bias_kv add_zero_attn kdim vdim batch_first}',
  TransformerEncoder: 'encoder_layer num_layers {norm ~enable_nested_tensor ~mask_check}',
  TransformerDecoder: 'decoder_layer num_layers {norm}',
  CosineSimilarity: '{dim eps}',
  PairwiseDistance: '{p eps keepdim}',
  Flatten: '{start_dim end_dim}',
  Unflatten: 'dim unflattened_size',
  Unfold: 'kernel_size {dilation padding stride}',
  Fold: 'output_size kernel_size {dilation padding stride}',
  PixelShuffle: 'upscale_factor',
  PixelUnshuffle: 'downscale_factor',
  ChannelShuffle: 'groups',
  Upsample: '{size scale_factor mode align_corners recompute_scale_factor}',
  UpsamplingNearest2d: '{size scale_factor}',
  UpsamplingBilinear2d: '{size scale_factor}',
  SmoothL1Loss: '{reduction beta}',
  HuberLoss: '{reduction delta}',
  CrossEntropyLoss: '{weight size_average ignore_index reduce reduction label_smoothing}',
  NLLLoss: '{weight size_average ignore_index reduce reduction}',
  PoissonNLLLoss: '{log_input full size_average eps reduce reduction}',
  GaussianNLLLoss: '{full eps reduction}',
  KLDivLoss: '{reduction log_target}',
  BCEWithLogitsLoss: '{weight size_average reduce reduction pos_weight}',
  MarginRankingLoss: '{margin size_average reduce reduction}',
  HingeEmbeddingLoss: '{margin size_average reduce reduction}',
  CosineEmbeddingLoss: '{margin size_average reduce reduction}',
  MultiMarginLoss: '{p margin weight size_average reduce reduction}',
  TripletMarginLoss: '{margin p eps swap size_average reduce reduction}',
  TripletMarginWithDistanceLoss: '{distance_function margin swap reduction}',
  CTCLoss: '{blank reduction zero_infinity}',
};
