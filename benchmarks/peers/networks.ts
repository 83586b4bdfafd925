/** Parameters of a network by their PyTorch names, weights of layers as `[out, in, ...kernel]`. */
export type ParameterShapes = Readonly<Record<string, readonly number[]>>;

/** 64-128-64-10 with ReLUs. */
export const mlpParameters: ParameterShapes = {
  'fc1.weight': [128, 64],
  'fc1.bias': [128],
  'fc2.weight': [64, 128],
  'fc2.bias': [64],
  'fc3.weight': [10, 64],
  'fc3.bias': [10],
};

/** The network of the digits example: 8x8 images, a residual, a depthwise convolution, squeeze-and-excitation. */
export const cnnParameters: ParameterShapes = {
  'conv1.weight': [16, 1, 3, 3],
  'conv1.bias': [16],
  'bn1.weight': [16],
  'bn1.bias': [16],
  'conv2.weight': [32, 16, 3, 3],
  'conv2.bias': [32],
  'bn2.weight': [32],
  'bn2.bias': [32],
  'dw.weight': [32, 1, 3, 3],
  'dw.bias': [32],
  'bn3.weight': [32],
  'bn3.bias': [32],
  'se_fc1.weight': [8, 32, 1, 1],
  'se_fc1.bias': [8],
  'se_fc2.weight': [32, 8, 1, 1],
  'se_fc2.bias': [32],
  'pw.weight': [64, 32, 1, 1],
  'pw.bias': [64],
  'bn4.weight': [64],
  'bn4.bias': [64],
  'fc.weight': [10, 64],
  'fc.bias': [10],
};

/** Added to a variance before its root. */
export const batchNormEps = 1e-5;
