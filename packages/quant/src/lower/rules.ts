import * as nn from '@q/nn';
import { QuantizationError } from '../errors.js';
import { nameOf } from '../modules/built-in.js';
import type { ModuleClass } from '../modules/quantized-module.js';
import { IntegerAverage } from './average.js';
import { IntegerConcat } from './concat.js';
import { IntegerEmbedding } from './embedding.js';
import { FloatInside } from './float-inside.js';
import type { IntegerLayer } from './layer.js';
import { IntegerMovement } from './movement.js';
import type { ConvParts, ConvSettings, FloatParts, Parts, PartsWith, ProductParts } from './parts.js';
import { IntegerClamp, IntegerFunction, IntegerPairs } from './pointwise.js';
import { IntegerConv, IntegerConvTranspose, IntegerDynamicLinear, IntegerLinear, IntegerMatMul } from './product.js';
import { IntegerNorm, IntegerSoftmax } from './rows.js';

/** The float layers and the parts of integer layers, by what these are made of. */
interface Makings {
  /** The encodings around it, and no more. */
  encodings: { float: nn.Module; parts: Parts };
  weight: { float: nn.Linear; parts: ProductParts };
  convWeight: { float: nn.Conv1d | nn.Conv2d | nn.Conv3d; parts: ConvParts };
  convTransposeWeight: { float: nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d; parts: ConvParts };
  dim: { float: nn.Concat; parts: PartsWith<'dim'> };
  rows: { float: nn.Embedding; parts: PartsWith<'rows'> };
  /** The float layer, which is called. */
  float: { float: nn.Module; parts: FloatParts };
}

type ClassOf<M extends nn.Module> = abstract new (...args: never[]) => M;

/** A rule whose layers are made of `K`. */
interface RuleOf<K extends keyof Makings> {
  readonly madeOf: K;
  /** The classes of float layers that it computes. */
  readonly classes: readonly ClassOf<Makings[K]['float']>[];
  /** Whether its layers have no result without a grid for it. */
  readonly needsOutput: boolean;
  /** The integer layer of its parts. */
  readonly build: (parts: Makings[K]['parts']) => IntegerLayer;
}

/** A way to compute layers on integers. */
export type Rule = { [K in keyof Makings]: RuleOf<K> }[keyof Makings];

/** Every way to compute layers on integers: all that lowering and files know of them. */
const rules: readonly Rule[] = [
  { madeOf: 'weight', classes: [nn.Linear], needsOutput: false, build: (parts) => new IntegerLinear(parts) },
  {
    madeOf: 'convWeight',
    classes: [nn.Conv1d, nn.Conv2d, nn.Conv3d],
    needsOutput: false,
    build: (parts) => new IntegerConv(parts),
  },
  {
    madeOf: 'convTransposeWeight',
    classes: [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d],
    needsOutput: false,
    build: (parts) => new IntegerConvTranspose(parts),
  },
  { madeOf: 'encodings', classes: [nn.MatMul, nn.Bmm], needsOutput: false, build: (parts) => new IntegerMatMul(parts) },
  {
    madeOf: 'encodings',
    classes: [nn.DynamicLinear],
    needsOutput: false,
    build: (parts) => new IntegerDynamicLinear(parts),
  },
  { madeOf: 'dim', classes: [nn.Concat], needsOutput: true, build: (parts) => new IntegerConcat(parts) },
  { madeOf: 'rows', classes: [nn.Embedding], needsOutput: true, build: (parts) => new IntegerEmbedding(parts) },
  {
    madeOf: 'float',
    classes: [nn.ReLU, nn.ReLU6, nn.Hardtanh],
    needsOutput: true,
    build: (parts) => new IntegerClamp(parts),
  },
  {
    madeOf: 'float',
    classes: [
      nn.LeakyReLU,
      nn.ELU,
      nn.SELU,
      nn.CELU,
      nn.GELU,
      nn.SiLU,
      nn.Mish,
      nn.Sigmoid,
      nn.LogSigmoid,
      nn.Tanh,
      nn.Tanhshrink,
      nn.Hardsigmoid,
      nn.Hardswish,
      nn.Hardshrink,
      nn.Softplus,
      nn.Softshrink,
      nn.Softsign,
      nn.Threshold,
      nn.Abs,
      nn.Neg,
      nn.ElementwiseUnarySign,
      nn.ElementwiseCeil,
      nn.ElementwiseFloor,
      nn.Round,
      nn.Exponential,
      nn.Log,
      nn.Sqrt,
      nn.RSqrt,
      nn.Square,
      nn.Erf,
      nn.Sin,
      nn.Cos,
      nn.Asin,
      nn.Atan,
    ],
    needsOutput: true,
    build: (parts) => new IntegerFunction(parts),
  },
  { madeOf: 'float', classes: [nn.Add], needsOutput: false, build: (parts) => new IntegerPairs(parts, 'add') },
  { madeOf: 'float', classes: [nn.Subtract], needsOutput: false, build: (parts) => new IntegerPairs(parts, 'sub') },
  { madeOf: 'float', classes: [nn.Multiply], needsOutput: false, build: (parts) => new IntegerPairs(parts, 'mul') },
  { madeOf: 'float', classes: [nn.Divide], needsOutput: false, build: (parts) => new IntegerPairs(parts, 'div') },
  { madeOf: 'float', classes: [nn.Maximum], needsOutput: false, build: (parts) => new IntegerPairs(parts, 'maximum') },
  { madeOf: 'float', classes: [nn.Minimum], needsOutput: false, build: (parts) => new IntegerPairs(parts, 'minimum') },
  {
    madeOf: 'float',
    classes: [
      nn.Flatten,
      nn.Unflatten,
      nn.Reshape,
      nn.Permute,
      nn.Transpose,
      nn.Expand,
      nn.Tile,
      nn.Split,
      nn.Slice,
      nn.StridedSlice,
      nn.Select,
      nn.IndexSelect,
      nn.PixelShuffle,
      nn.PixelUnshuffle,
      nn.ChannelShuffle,
      nn.MaxPool1d,
      nn.MaxPool2d,
      nn.MaxPool3d,
      nn.AdaptiveMaxPool1d,
      nn.AdaptiveMaxPool2d,
      nn.AdaptiveMaxPool3d,
      nn.Dropout,
      nn.Dropout1d,
      nn.Dropout2d,
      nn.Dropout3d,
    ],
    needsOutput: false,
    build: (parts) => new IntegerMovement(parts),
  },
  {
    madeOf: 'float',
    classes: [nn.AvgPool1d, nn.AdaptiveAvgPool1d],
    needsOutput: true,
    build: (parts) => new IntegerAverage(parts, 1),
  },
  {
    madeOf: 'float',
    classes: [nn.AvgPool2d, nn.AdaptiveAvgPool2d],
    needsOutput: true,
    build: (parts) => new IntegerAverage(parts, 2),
  },
  {
    madeOf: 'float',
    classes: [nn.AvgPool3d, nn.AdaptiveAvgPool3d],
    needsOutput: true,
    build: (parts) => new IntegerAverage(parts, 3),
  },
  { madeOf: 'float', classes: [nn.LayerNorm, nn.RMSNorm], needsOutput: true, build: (parts) => new IntegerNorm(parts) },
  { madeOf: 'float', classes: [nn.Softmax], needsOutput: true, build: (parts) => new IntegerSoftmax(parts) },
  {
    madeOf: 'float',
    classes: [
      nn.RmsNorm,
      nn.GroupNorm,
      nn.BatchNorm1d,
      nn.BatchNorm2d,
      nn.BatchNorm3d,
      nn.InstanceNorm1d,
      nn.InstanceNorm2d,
      nn.InstanceNorm3d,
      nn.LogSoftmax,
      nn.Softmin,
      nn.Softmax2d,
      nn.PReLU,
      nn.GLU,
      nn.Mean,
      nn.Sum,
      nn.Normalize,
    ],
    needsOutput: true,
    build: (parts) => new FloatInside(parts),
  },
];

const byClass: ReadonlyMap<ModuleClass, Rule> = new Map(
  rules.flatMap((rule) => rule.classes.map((type: ModuleClass) => [type, rule] as const)),
);

/** The rule for a class of float layers, or null. */
export const ruleOf = (type: ModuleClass): Rule | null => byClass.get(type) ?? null;

/** The class of a module. */
export const classOf = (module: nn.Module): ModuleClass => module.constructor as ModuleClass;

/** A layer as one of the classes of its rule. */
export function narrowed<M extends nn.Module>(layer: nn.Module, classes: readonly ClassOf<M>[]): M {
  for (const type of classes) if (layer instanceof type) return layer;
  throw new QuantizationError(`${nameOf(classOf(layer))} is none of ${classes.map(nameOf).join(', ')}.`);
}

/** Settings of a convolution apart from its parameters. */
export function settingsOf(conv: ConvSettings): ConvSettings {
  const { stride, padding, dilation, outputPadding, groups, paddingMode } = conv;
  return { stride, padding, dilation, outputPadding, groups, paddingMode };
}
