import * as nn from '@q/nn';
import { nameOf } from '../modules/built-in.js';
import type { ModuleClass } from '../modules/quantized-module.js';

/** ONNX's names of operations, and the classes of layers that compute them. */
const classes: Readonly<Record<string, readonly ModuleClass[]>> = {
  Conv: [nn.Conv1d, nn.Conv2d, nn.Conv3d],
  ConvTranspose: [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d],
  Gemm: [nn.Linear],
  MatMul: [nn.MatMul, nn.Bmm, nn.DynamicLinear],
  Add: [nn.Add],
  Sub: [nn.Subtract],
  Mul: [nn.Multiply],
  Div: [nn.Divide],
  Max: [nn.Maximum],
  Min: [nn.Minimum],
  Pow: [nn.Pow],
  Relu: [nn.ReLU],
  Clip: [nn.ReLU6, nn.Hardtanh],
  LeakyRelu: [nn.LeakyReLU],
  PRelu: [nn.PReLU],
  Elu: [nn.ELU],
  Selu: [nn.SELU],
  Celu: [nn.CELU],
  Gelu: [nn.GELU],
  Mish: [nn.Mish],
  Sigmoid: [nn.Sigmoid],
  HardSigmoid: [nn.Hardsigmoid],
  HardSwish: [nn.Hardswish],
  Tanh: [nn.Tanh],
  Softplus: [nn.Softplus],
  Softsign: [nn.Softsign],
  Softmax: [nn.Softmax],
  LogSoftmax: [nn.LogSoftmax],
  BatchNormalization: [nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d],
  InstanceNormalization: [nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d],
  GroupNormalization: [nn.GroupNorm],
  LayerNormalization: [nn.LayerNorm],
  RMSNormalization: [nn.RMSNorm, nn.RmsNorm],
  LpNormalization: [nn.Normalize],
  MaxPool: [nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d],
  GlobalMaxPool: [nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d],
  AveragePool: [nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d],
  GlobalAveragePool: [nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d],
  ReduceMean: [nn.Mean],
  ReduceSum: [nn.Sum],
  Concat: [nn.Concat],
  Dropout: [nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d],
  Expand: [nn.Expand],
  Flatten: [nn.Flatten],
  Gather: [nn.IndexSelect],
  Reshape: [nn.Reshape],
  Slice: [nn.Slice],
  Split: [nn.Split],
  Tile: [nn.Tile],
  Transpose: [nn.Transpose, nn.Permute],
  DepthToSpace: [nn.PixelShuffle],
  SpaceToDepth: [nn.PixelUnshuffle],
  Resize: [nn.Upsample, nn.Interpolate],
};

const names: ReadonlyMap<ModuleClass, string> = new Map(
  Object.entries(classes).flatMap(([name, types]) => types.map((type) => [type, name] as const)),
);

/** The names a configuration may call the operation of a float class: ONNX's, if there is one, and that of the class. */
export const opTypesOf = (float: ModuleClass): readonly string[] => [
  ...(names.has(float) ? [names.get(float)!] : []),
  nameOf(float),
];
