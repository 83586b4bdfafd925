import * as nn from '@q/nn';
import { noGrad, type ScaledBinaryName, type Tensor } from '@q/tensor';
import { AffineEncoding } from '../encodings/affine.js';
import { ownKernels } from '../kernels/integer.js';
import { sameEncoding } from '../encodings/same.js';
import { QuantizationError } from '../errors.js';
import {
  definitionOf,
  parameterPlaces,
  runsAsDefined,
  type KernelModule,
  type ModuleClass,
  type QuantizedModule,
  type QuantizerSlot,
} from '../modules/quantized-module.js';

import { float32Of } from './accumulated.js';
import { IntegerAverage, type AveragePool } from './average.js';
import type { IntegerLayer, Places } from './layer.js';
import { FloatInside, IntegerConcat, IntegerEmbedding, IntegerMovement } from './movement.js';
import { unsuited } from './grids.js';
import { quantized, type Integers } from './operands.js';
import { IntegerClamp, IntegerFunction, IntegerPairs } from './pointwise.js';
import {
  IntegerConv,
  IntegerConvTranspose,
  IntegerDynamicLinear,
  IntegerLinear,
  IntegerMatMul,
  type ConvSettings,
} from './product.js';
import { rowLayers } from './rows.js';
import { packed, type IntegerWeight } from './weights.js';

/** The ways to compute a layer on integers. */
export type Rule =
  | 'linear'
  | 'conv'
  | 'convTranspose'
  | 'matmul'
  | 'dynamicLinear'
  | 'clamp'
  | 'function'
  | 'pairs'
  | 'movement'
  | 'concat'
  | 'embedding'
  | 'average'
  | 'inside';

const classes: Readonly<Record<Rule, readonly ModuleClass[]>> = {
  linear: [nn.Linear],
  conv: [nn.Conv1d, nn.Conv2d, nn.Conv3d],
  convTranspose: [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d],
  matmul: [nn.MatMul, nn.Bmm],
  dynamicLinear: [nn.DynamicLinear],
  clamp: [nn.ReLU, nn.ReLU6, nn.Hardtanh],
  function: [
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
  pairs: [nn.Add, nn.Subtract, nn.Multiply, nn.Divide, nn.Maximum, nn.Minimum],
  movement: [
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
  concat: [nn.Concat],
  embedding: [nn.Embedding],
  average: [nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d],
  inside: [
    nn.LayerNorm,
    nn.RMSNorm,
    nn.RmsNorm,
    nn.GroupNorm,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
    nn.Softmax,
    nn.LogSoftmax,
    nn.Softmin,
    nn.Softmax2d,
    nn.PReLU,
    nn.GLU,
    nn.Mean,
    nn.Sum,
    nn.Normalize,
  ],
};

const rules: ReadonlyMap<ModuleClass, Rule> = new Map(
  (Object.entries(classes) as [Rule, readonly ModuleClass[]][]).flatMap(([rule, types]) =>
    types.map((type) => [type, rule] as const),
  ),
);

/** Spatial dims of the average pools, by their class. */
const spatialDims: Readonly<Record<string, number>> = Object.fromEntries(
  [
    [nn.AvgPool1d, nn.AdaptiveAvgPool1d],
    [nn.AvgPool2d, nn.AdaptiveAvgPool2d],
    [nn.AvgPool3d, nn.AdaptiveAvgPool3d],
  ].flatMap((types, i) => types.map(({ name }) => [name, i + 1])),
);

/** What the layers of two operands compute, by their class. */
const binaryNames: Readonly<Record<string, ScaledBinaryName>> = {
  [nn.Add.name]: 'add',
  [nn.Subtract.name]: 'sub',
  [nn.Multiply.name]: 'mul',
  [nn.Divide.name]: 'div',
  [nn.Maximum.name]: 'maximum',
  [nn.Minimum.name]: 'minimum',
};

/** The rule for a class of float layers, or null. */
export const ruleOf = (type: ModuleClass): Rule | null => rules.get(type) ?? null;

/** Everything an integer layer is made of; what a file keeps of it. */
export interface Parts {
  readonly rule: Rule;
  /** Name of the float class. */
  readonly kind: string;
  readonly places: Places;
  readonly weight?: IntegerWeight;
  readonly bias?: Float32Array | null;
  readonly settings?: ConvSettings;
  readonly dim?: number;
  readonly rows?: Integers;
  /** The float layer, for rules that call it; its parameters lie on their grids. */
  readonly float?: nn.Module;
}

/** Whether a rule calls the float layer. */
export const callsFloat = (rule: Rule): boolean =>
  ['clamp', 'function', 'pairs', 'movement', 'average', 'inside'].includes(rule);

/** The parts of an integer layer, or why there is none. */
export type Gathered = { readonly parts: Parts } | { readonly why: string };

/** The integer layer of its parts. */
export function build(parts: Parts): IntegerLayer {
  const layer = made(parts);
  // Not enumerable: the parts are no state of their own.
  Object.defineProperty(layer, 'parts', { value: parts });
  return layer;
}

/** The parts an integer layer was made of. */
export const partsOf = (layer: IntegerLayer): Parts => Reflect.get(layer, 'parts') as Parts;

function needed<K extends keyof Parts>(parts: Parts, key: K): NonNullable<Parts[K]> {
  const part = parts[key];
  if (part === undefined || part === null)
    throw new QuantizationError(`${parts.kind}: the integer layer needs its ${key}.`);
  return part;
}

function made(parts: Parts): IntegerLayer {
  const { rule, kind, places, bias = null } = parts;
  switch (rule) {
    case 'linear':
      return new IntegerLinear(kind, places, needed(parts, 'weight'), bias);
    case 'conv':
      return new IntegerConv(kind, places, needed(parts, 'weight'), bias, needed(parts, 'settings'));
    case 'convTranspose':
      return new IntegerConvTranspose(kind, places, needed(parts, 'weight'), bias, needed(parts, 'settings'));
    case 'matmul':
      return new IntegerMatMul(kind, places);
    case 'dynamicLinear':
      return new IntegerDynamicLinear(kind, places);
    case 'clamp':
      return new IntegerClamp(kind, places, needed(parts, 'float'));
    case 'function':
      return new IntegerFunction(kind, places, needed(parts, 'float'));
    case 'pairs':
      return new IntegerPairs(kind, places, needed(parts, 'float'), binaryNames[kind]!);
    case 'movement':
      return new IntegerMovement(kind, places, needed(parts, 'float'));
    case 'concat':
      return new IntegerConcat(kind, places, parts.dim ?? 0);
    case 'embedding':
      return new IntegerEmbedding(kind, places, needed(parts, 'rows'));
    case 'average':
      return new IntegerAverage(kind, places, needed(parts, 'float') as AveragePool, spatialDims[kind]!);
    case 'inside':
      return new (insideOf(kind))(kind, places, needed(parts, 'float'));
  }
}

/** The class of layers with floats inside for a float class. */
const insideOf = (kind: string): typeof FloatInside =>
  Object.hasOwn(rowLayers, kind) ? rowLayers[kind]! : FloatInside;

type Layer = nn.Module & QuantizedModule;

/** The encoding at a place, or null, where a quantizer has none yet, too. */
const encodingAt = (slot: QuantizerSlot | undefined): unknown => slot?.getEncoding() ?? null;

const unset = (slot: QuantizerSlot): boolean => slot !== null && !slot.isInitialized();

/** The inputs whose quantizer has no encoding yet: it has none for good where no tensor arrives. */
export const unsetInputs = ({ inputQuantizers }: Layer): ReadonlySet<number> =>
  new Set([...inputQuantizers.keys()].filter((i) => unset(inputQuantizers[i]!)));

/** A quantizer of the result or a parameter that has no encoding yet. */
function uncalibrated(module: Layer): string | null {
  const output = module.outputQuantizers.findIndex(unset);
  if (output >= 0) return `output quantizer ${output}`;
  const parameter = Object.keys(module.paramQuantizers).find((name) => unset(module.paramQuantizers[name]!));
  return parameter === undefined ? null : `the quantizer of parameter '${parameter}'`;
}

/** Why a layer does not compute what its class does, or null. */
function ownWay(module: Layer): string | null {
  if (!runsAsDefined(module)) return 'it has a forward of its own, which may compute something else';
  const kernel = (module as Partial<KernelModule>).getKernel?.() ?? null;
  return kernel === null || ownKernels.has(kernel) ? null : 'it has a kernel, which may compute something else';
}

/** An encoding with parameters of its own, which nobody changes. */
const snapshot = (encoding: AffineEncoding): AffineEncoding =>
  encoding.withParameters(encoding.scale.detach().clone(), encoding.offset.detach().clone());

/** Whether two outputs are put on the same grid, or both on none. */
const alike = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof AffineEncoding && b instanceof AffineEncoding && sameEncoding(a, b));

/** What a quantized module gives an integer layer, read while it is calibrated. */
export function gather(module: Layer): Gathered {
  const float = definitionOf(module)!.float;
  const rule = ruleOf(float);
  if (rule === null) return { why: `there is no integer kernel for ${module.constructor.name}` };
  const own = ownWay(module);
  if (own !== null) return { why: own };
  const missing = uncalibrated(module);
  if (missing !== null) return { why: `${missing} has no encoding yet` };
  const inputs: (AffineEncoding | null)[] = [];
  for (const [i, slot] of module.inputQuantizers.entries()) {
    const encoding = encodingAt(slot);
    const why = encoding === null ? null : unsuited(encoding);
    if (why !== null) return { why: `its input ${i} ${why}` };
    inputs.push(encoding === null ? null : snapshot(encoding as AffineEncoding));
  }
  const outputs = module.outputQuantizers.map(encodingAt);
  const found = outputs[0] ?? null;
  if (outputs.some((other) => !alike(other, found))) return { why: 'its outputs have grids of their own' };
  const why = found === null ? null : unsuited(found);
  if (why !== null) return { why: `its output ${why}` };
  const output = found === null ? null : snapshot(found as AffineEncoding);
  const parts = { rule, kind: float.name, places: { inputs, output } };
  return withParameters(module, parts);
}

/** Settings of a convolution apart from its parameters. */
export const settingsOf = (module: unknown): ConvSettings => {
  const { stride, padding, dilation, outputPadding, groups, paddingMode } = module as ConvSettings;
  return { stride, padding, dilation, outputPadding, groups, paddingMode };
};

function withParameters(module: Layer, parts: Parts): Gathered {
  const { rule, places } = parts;
  const values = new Map(parameterPlaces(module).map(({ name, value }) => [name, value as Tensor]));
  /** A parameter as its quantizer leaves it. */
  const onGrid = (name: string): Tensor | null => {
    const value = values.get(name);
    if (value === undefined) return null;
    const slot = module.paramQuantizers[name];
    if (!slot) return value.detach();
    const quantizedValue = noGrad(() => slot.quantize(value));
    return 'dequantize' in quantizedValue
      ? (quantizedValue as unknown as { dequantize(): Tensor }).dequantize().detach()
      : quantizedValue.detach();
  };
  if (rule === 'linear' || rule === 'conv' || rule === 'convTranspose') {
    const quantizer = module.paramQuantizers.weight ?? null;
    if (quantizer === null) return { why: 'its weight has no quantizer' };
    const settings = rule === 'linear' ? undefined : settingsOf(module);
    if (settings !== undefined && settings.paddingMode !== 'zeros')
      return { why: `it pads by '${settings.paddingMode}', integer convolutions pad with zeros` };
    const groups = rule === 'convTranspose' ? settings!.groups : null;
    const found = packed(values.get('weight')!, quantizer, groups);
    if ('why' in found) return found;
    if (found.weight.blockScales !== null && settings !== undefined && settings.groups > 1)
      return { why: 'its weight has block scales, which convolutions in groups have no kernel for' };
    const bias = onGrid('bias');
    return {
      parts: {
        ...parts,
        weight: found.weight,
        bias: bias === null ? null : float32Of(bias),
        ...(settings && { settings }),
      },
    };
  }
  if (rule === 'concat') return { parts: { ...parts, dim: (module as unknown as { axis: number }).axis } };
  if (rule === 'matmul' || rule === 'dynamicLinear') return { parts };
  if (rule === 'embedding') {
    if (places.output === null) return { why: 'it has no output quantizer' };
    if ((module as unknown as nn.Embedding).maxNorm !== null)
      return { why: 'it scales rows down to maxNorm when they are looked up' };
    return { parts: { ...parts, rows: quantized(onGrid('weight')!, places.output) } };
  }
  if (['clamp', 'function', 'average', 'inside'].includes(rule) && places.output === null)
    return { why: 'it has no output quantizer, so its result is floats' };
  const original = module.getOriginalModule().eval();
  for (const { name, owner, key, value } of parameterPlaces(original))
    owner[key] = new nn.Parameter(onGrid(name) ?? value, { requiresGrad: false });
  return { parts: { ...parts, float: original } };
}
