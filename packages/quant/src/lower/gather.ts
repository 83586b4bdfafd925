import { Parameter, type Module } from '@q/nn';
import { noGrad, type Tensor } from '@q/tensor';
import { AffineEncoding } from '../encodings/affine.js';
import { sameEncoding } from '../encodings/same.js';
import { ownKernels } from '../kernels/integer.js';
import { nameOf } from '../modules/built-in.js';
import {
  definitionOf,
  parameterPlaces,
  runsAsDefined,
  type KernelModule,
  type QuantizedModule,
  type QuantizerSlot,
} from '../modules/quantized-module.js';
import { EncodedTensor } from '../tensor.js';
import { float32Of } from './accumulated.js';
import { unsuited } from './grids.js';
import type { IntegerLayer } from './layer.js';
import { quantized } from './operands.js';
import type { Parts, Places, ProductParts } from './parts.js';
import { classOf, narrowed, ruleOf, settingsOf } from './rules.js';
import { packed } from './weights.js';

type Layer = Module & QuantizedModule;

/** The reason why something cannot be on integers. */
interface Refusal {
  readonly why: string;
}

/** A parameter that no integers stand for, in float32, which integer layers compute with. */
function infinite(module: Layer): string | null {
  const found = parameterPlaces(module).find(({ value }) => !float32Of(value).every(Number.isFinite));
  return found === undefined ? null : `its parameter '${found.name}' has values that are not finite`;
}

const unset = (slot: QuantizerSlot): boolean => slot !== null && !slot.isInitialized();

/** A quantizer of the result or a parameter that has no encoding yet. */
function uncalibrated(module: Layer): string | null {
  const output = module.outputQuantizers.findIndex(unset);
  if (output >= 0) return `output quantizer ${output} has no encoding yet`;
  const parameter = Object.keys(module.paramQuantizers).find((name) => unset(module.paramQuantizers[name]!));
  return parameter === undefined ? null : `the quantizer of parameter '${parameter}' has no encoding yet`;
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

/** The encoding at a place, or null, where a quantizer has none yet, too. */
const encodingAt = (slot: QuantizerSlot): unknown => slot?.getEncoding() ?? null;

/** An encoding as the grid of a place: null for none. */
function gridOf(place: string, encoding: unknown): AffineEncoding | Refusal | null {
  if (encoding === null) return null;
  if (!(encoding instanceof AffineEncoding)) return { why: `its ${place} is not on an integer grid` };
  const why = unsuited(encoding);
  return why === null ? snapshot(encoding) : { why: `its ${place} ${why}` };
}

/** Whether two outputs are put on the same grid, or both on none. */
const alike = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof AffineEncoding && b instanceof AffineEncoding && sameEncoding(a, b));

const isRefusal = (value: object | null): value is Refusal => value !== null && 'why' in value;

/** The encodings around a layer. An input whose quantizer has none yet may be one that no tensor reaches. */
function placesOf({ inputQuantizers, outputQuantizers }: Layer): Places | Refusal {
  const inputs: (AffineEncoding | null)[] = [];
  for (const [i, slot] of inputQuantizers.entries()) {
    const grid = gridOf(`input ${i}`, encodingAt(slot));
    if (isRefusal(grid)) return grid;
    inputs.push(grid);
  }
  const [first = null, ...others] = outputQuantizers.map(encodingAt);
  if (others.some((other) => !alike(other, first))) return { why: 'its outputs have grids of their own' };
  const output = gridOf('output', first);
  if (isRefusal(output)) return output;
  return { inputs, output, unset: new Set([...inputQuantizers.keys()].filter((i) => unset(inputQuantizers[i]!))) };
}

/** A parameter as its quantizer leaves it. */
function onGrid(value: Tensor, slot: QuantizerSlot = null): Tensor {
  if (slot === null) return value.detach();
  const y = noGrad(() => slot.quantize(value));
  return (y instanceof EncodedTensor ? y.dequantize() : y).detach();
}

/** Weight and bias of a product; the weight of a transposed convolution in so many `groups`. */
function product(
  { paramQuantizers }: Layer,
  { weight, bias }: { readonly weight: Tensor; readonly bias: Tensor | null },
  groups: number | null,
): Pick<ProductParts, 'weight' | 'bias'> | Refusal {
  const quantizer = paramQuantizers.weight ?? null;
  if (quantizer === null) return { why: 'its weight has no quantizer' };
  const found = packed(weight, quantizer, groups);
  if (isRefusal(found)) return found;
  return { weight: found.weight, bias: bias && float32Of(onGrid(bias, paramQuantizers.bias)) };
}

/** The float layer with its parameters on their grids. */
function floatOf(module: Layer): Module {
  const float = module.getOriginalModule().eval();
  for (const { name, owner, key, value } of parameterPlaces(float))
    owner[key] = new Parameter(onGrid(value, module.paramQuantizers[name]), { requiresGrad: false });
  return float;
}

const givesFloats: Refusal = { why: 'it has no output quantizer, so its result is floats' };

/** The integer layer of a quantized module, read while that is calibrated, or why there is none. */
export function gather(path: string, module: Layer): IntegerLayer | Refusal {
  const { float } = definitionOf(module)!;
  const rule = ruleOf(float);
  if (rule === null) return { why: `there is no integer kernel for ${nameOf(classOf(module))}` };
  const why = ownWay(module) ?? infinite(module) ?? uncalibrated(module);
  if (why !== null) return { why };
  const places = placesOf(module);
  if (isRefusal(places)) return places;
  if (rule.needsOutput && places.output === null) return givesFloats;
  const parts: Parts = { path, kind: nameOf(float), places };
  switch (rule.madeOf) {
    case 'encodings':
      return rule.build(parts);
    case 'weight': {
      const found = product(module, narrowed(module, rule.classes), null);
      return isRefusal(found) ? found : rule.build({ ...parts, ...found });
    }
    case 'convWeight': {
      const conv = narrowed(module, rule.classes);
      if (conv.paddingMode !== 'zeros')
        return { why: `it pads by '${conv.paddingMode}', integer convolutions pad with zeros` };
      const found = product(module, conv, null);
      if (isRefusal(found)) return found;
      if (found.weight.blockScales !== null && conv.groups > 1)
        return { why: 'its weight has block scales, which convolutions in groups have no kernel for' };
      return rule.build({ ...parts, ...found, settings: settingsOf(conv) });
    }
    case 'convTransposeWeight': {
      const conv = narrowed(module, rule.classes);
      const found = product(module, conv, conv.groups);
      return isRefusal(found) ? found : rule.build({ ...parts, ...found, settings: settingsOf(conv) });
    }
    case 'dim':
      return rule.build({ ...parts, dim: narrowed(module, rule.classes).axis });
    case 'rows': {
      const { weight, maxNorm } = narrowed(module, rule.classes);
      if (places.output === null) return givesFloats;
      if (maxNorm !== null) return { why: 'it scales rows down to maxNorm when they are looked up' };
      return rule.build({ ...parts, rows: quantized(onGrid(weight, module.paramQuantizers.weight), places.output) });
    }
    case 'float':
      return rule.build({ ...parts, float: floatOf(module) });
  }
}
