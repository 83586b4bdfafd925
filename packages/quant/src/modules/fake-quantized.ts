/** AIMET's other names of the quantized classes that its fake-quantization covers: the same classes. */
export {
  QuantizedReLU as FakeQuantizedReLU,
  QuantizedReLU6 as FakeQuantizedReLU6,
  QuantizedLeakyReLU as FakeQuantizedLeakyReLU,
  QuantizedPReLU as FakeQuantizedPReLU,
  QuantizedRReLU as FakeQuantizedRReLU,
  QuantizedELU as FakeQuantizedELU,
  QuantizedSELU as FakeQuantizedSELU,
  QuantizedCELU as FakeQuantizedCELU,
  QuantizedGELU as FakeQuantizedGELU,
  QuantizedSiLU as FakeQuantizedSiLU,
  QuantizedMish as FakeQuantizedMish,
  QuantizedSigmoid as FakeQuantizedSigmoid,
  QuantizedLogSigmoid as FakeQuantizedLogSigmoid,
  QuantizedTanh as FakeQuantizedTanh,
  QuantizedTanhshrink as FakeQuantizedTanhshrink,
  QuantizedHardtanh as FakeQuantizedHardtanh,
  QuantizedHardsigmoid as FakeQuantizedHardsigmoid,
  QuantizedHardswish as FakeQuantizedHardswish,
  QuantizedHardshrink as FakeQuantizedHardshrink,
  QuantizedSoftplus as FakeQuantizedSoftplus,
  QuantizedSoftshrink as FakeQuantizedSoftshrink,
  QuantizedSoftsign as FakeQuantizedSoftsign,
  QuantizedThreshold as FakeQuantizedThreshold,
  QuantizedGLU as FakeQuantizedGLU,
  QuantizedSoftmax as FakeQuantizedSoftmax,
  QuantizedLogSoftmax as FakeQuantizedLogSoftmax,
  QuantizedSoftmin as FakeQuantizedSoftmin,
  QuantizedSoftmax2d as FakeQuantizedSoftmax2d,
} from './activation.js';
export {
  QuantizedConv1d as FakeQuantizedConv1d,
  QuantizedConv2d as FakeQuantizedConv2d,
  QuantizedConv3d as FakeQuantizedConv3d,
  QuantizedConvTranspose1d as FakeQuantizedConvTranspose1d,
  QuantizedConvTranspose2d as FakeQuantizedConvTranspose2d,
  QuantizedConvTranspose3d as FakeQuantizedConvTranspose3d,
} from './conv.js';
export {
  QuantizedCosineSimilarity as FakeQuantizedCosineSimilarity,
  QuantizedPairwiseDistance as FakeQuantizedPairwiseDistance,
} from './distance.js';
export {
  QuantizedDropout as FakeQuantizedDropout,
  QuantizedDropout1d as FakeQuantizedDropout1d,
  QuantizedDropout2d as FakeQuantizedDropout2d,
  QuantizedDropout3d as FakeQuantizedDropout3d,
  QuantizedAlphaDropout as FakeQuantizedAlphaDropout,
  QuantizedFeatureAlphaDropout as FakeQuantizedFeatureAlphaDropout,
} from './dropout.js';
export {
  QuantizedEmbedding as FakeQuantizedEmbedding,
  QuantizedEmbeddingBag as FakeQuantizedEmbeddingBag,
} from './embedding.js';
export { QuantizedLinear as FakeQuantizedLinear, QuantizedBilinear as FakeQuantizedBilinear } from './linear.js';
export {
  QuantizedCrossEntropyLoss as FakeQuantizedCrossEntropyLoss,
  QuantizedL1Loss as FakeQuantizedL1Loss,
  QuantizedMSELoss as FakeQuantizedMSELoss,
  QuantizedNLLLoss as FakeQuantizedNLLLoss,
} from './loss.js';
export {
  QuantizedBatchNorm1d as FakeQuantizedBatchNorm1d,
  QuantizedBatchNorm2d as FakeQuantizedBatchNorm2d,
  QuantizedBatchNorm3d as FakeQuantizedBatchNorm3d,
  QuantizedLayerNorm as FakeQuantizedLayerNorm,
  QuantizedGroupNorm as FakeQuantizedGroupNorm,
  QuantizedInstanceNorm1d as FakeQuantizedInstanceNorm1d,
  QuantizedInstanceNorm2d as FakeQuantizedInstanceNorm2d,
  QuantizedInstanceNorm3d as FakeQuantizedInstanceNorm3d,
  QuantizedLocalResponseNorm as FakeQuantizedLocalResponseNorm,
} from './norm.js';
export {
  QuantizedConstantPad1d as FakeQuantizedConstantPad1d,
  QuantizedConstantPad2d as FakeQuantizedConstantPad2d,
  QuantizedConstantPad3d as FakeQuantizedConstantPad3d,
  QuantizedReflectionPad1d as FakeQuantizedReflectionPad1d,
  QuantizedReflectionPad2d as FakeQuantizedReflectionPad2d,
  QuantizedReflectionPad3d as FakeQuantizedReflectionPad3d,
  QuantizedReplicationPad1d as FakeQuantizedReplicationPad1d,
  QuantizedReplicationPad2d as FakeQuantizedReplicationPad2d,
  QuantizedReplicationPad3d as FakeQuantizedReplicationPad3d,
  QuantizedZeroPad2d as FakeQuantizedZeroPad2d,
} from './padding.js';
export {
  QuantizedMaxPool1d as FakeQuantizedMaxPool1d,
  QuantizedMaxPool2d as FakeQuantizedMaxPool2d,
  QuantizedMaxPool3d as FakeQuantizedMaxPool3d,
  QuantizedMaxUnpool1d as FakeQuantizedMaxUnpool1d,
  QuantizedMaxUnpool2d as FakeQuantizedMaxUnpool2d,
  QuantizedMaxUnpool3d as FakeQuantizedMaxUnpool3d,
  QuantizedAvgPool1d as FakeQuantizedAvgPool1d,
  QuantizedAvgPool2d as FakeQuantizedAvgPool2d,
  QuantizedAvgPool3d as FakeQuantizedAvgPool3d,
  QuantizedLPPool1d as FakeQuantizedLPPool1d,
  QuantizedLPPool2d as FakeQuantizedLPPool2d,
  QuantizedAdaptiveMaxPool1d as FakeQuantizedAdaptiveMaxPool1d,
  QuantizedAdaptiveMaxPool2d as FakeQuantizedAdaptiveMaxPool2d,
  QuantizedAdaptiveMaxPool3d as FakeQuantizedAdaptiveMaxPool3d,
  QuantizedFractionalMaxPool2d as FakeQuantizedFractionalMaxPool2d,
  QuantizedFractionalMaxPool3d as FakeQuantizedFractionalMaxPool3d,
} from './pool.js';
export {
  QuantizedUpsample as FakeQuantizedUpsample,
  QuantizedUpsamplingNearest2d as FakeQuantizedUpsamplingNearest2d,
  QuantizedUpsamplingBilinear2d as FakeQuantizedUpsamplingBilinear2d,
} from './resample.js';
export {
  QuantizedFlatten as FakeQuantizedFlatten,
  QuantizedUnflatten as FakeQuantizedUnflatten,
  QuantizedFold as FakeQuantizedFold,
  QuantizedUnfold as FakeQuantizedUnfold,
  QuantizedPixelShuffle as FakeQuantizedPixelShuffle,
  QuantizedPixelUnshuffle as FakeQuantizedPixelUnshuffle,
  QuantizedChannelShuffle as FakeQuantizedChannelShuffle,
} from './shape.js';
