import { Module } from '@q/nn';
import { FormatError, tensor, type Tensor } from '@q/tensor';
import { numel } from '@q/tensor/internal';
import { checkInstance } from '../../arguments.js';
import { elementsOf } from '../../elements.js';
import type { AffineEncoding } from '../../encodings/affine.js';
import { nameOf } from '../../modules/built-in.js';
import { alike } from '../../modules/exchange.js';
import { replaced, under } from '../../modules/model.js';
import { keepEvaluating } from '../evaluation.js';
import { sameTarget } from '../grids.js';
import type { IntegerLayer } from '../layer.js';
import type { Integers } from '../operands.js';
import type { Parts, ProductParts } from '../parts.js';
import { IntegerProduct } from '../product.js';
import { classOf, narrowed, ruleOf, settingsOf, type Rule } from '../rules.js';
import type { IntegerWeight } from '../weights.js';
import { claimFrom, encodingFrom, inputsFrom, lendsFrom, routeFrom, weightClaim, type Claim } from './claims.js';
import { otherLayers, outside, pathsOf } from './format.js';
import { Reader } from './reader.js';

/** A weight of a shape, output channels first. */
function weightFrom(reader: Reader, claim: Claim, shape: readonly number[]): IntegerWeight {
  const [channels = 0, ...rest] = shape;
  const size = numel(rest);
  const { bits, signed, halved, ...blocks } = weightClaim(claim, size);
  const at = (name: string): string => under(claim.path, name);
  const values = halved
    ? reader.take(at('weight'), [channels, Math.ceil(size / 2)], ['uint8'])
    : reader.take(at('weight'), shape, [signed ? 'int8' : 'uint8']);
  const scale = reader.floats(at('weight_scale'), [channels], true);
  const zeros = at('weight_zero');
  const zero = reader.has(zeros) ? Int32Array.from(elementsOf(reader.take(zeros, [channels], ['int32']))[0]) : null;
  if (zero?.some((value) => Math.abs(value) >= 2 ** 15))
    throw new FormatError(`readInteger: tensor '${zeros}' has zero points outside 16 bits.`);
  const factors = blocks.factors > 0 ? reader.take(at('weight_factors'), [channels, blocks.factors], ['uint8']) : null;
  const most = 2 ** (8 - bits);
  if (factors && elementsOf(factors)[0].some((factor) => factor < 1 || factor > most))
    throw new FormatError(`readInteger: tensor '${at('weight_factors')}' has factors outside 1 to ${most}.`);
  const sizes = [blocks.blockScales, channels];
  const blockScales =
    blocks.blockScales > 0 ? tensor(reader.floats(at('weight_block_scales'), sizes, true), { shape: sizes }) : null;
  return { shape, values, scale, zero, bits, signed, halved, factors, blockScales };
}

/** Weight and bias in the place of those of a float layer; `shape` is that of the weight, output channels first. */
function productFrom(
  reader: Reader,
  claim: Claim,
  shape: readonly number[],
  bias: Tensor | null,
): Pick<ProductParts, 'weight' | 'bias'> {
  const weight = weightFrom(reader, claim, shape);
  return { weight, bias: bias && reader.floats(under(claim.path, 'bias'), [bias.numel], false) };
}

/** Rows of a shape on a grid. */
function rowsFrom(reader: Reader, { path }: Claim, shape: readonly number[], grid: AffineEncoding): Integers {
  const name = under(path, 'rows');
  const values = reader.take(name, shape, [grid.dtype]);
  if (elementsOf(values)[0].some((value) => value < grid.qmin || value > grid.qmax))
    throw new FormatError(`readInteger: tensor '${name}' has values outside the grid of its output.`);
  return { values, encoding: grid };
}

/** A copy of a float layer with the parameters of the file. */
function floatFrom(reader: Reader, { path }: Claim, module: Module): Module {
  const float = module.clone().eval();
  const state = float.stateDict();
  for (const [name, value] of Object.entries(state))
    state[name] = reader.take(under(path, name), value.shape, [value.dtype]);
  float.loadStateDict(state);
  return float.requiresGrad_(false);
}

/** The encoding of the result, for layers that have none without it. */
function outputOf({ path, places: { output } }: Parts): AffineEncoding {
  if (output === null) throw new FormatError(`readInteger: '${path}' has no output encoding.`);
  return output;
}

/** The integer layer that a file describes, in the place of a float one. */
function built(reader: Reader, claim: Claim, module: Module, rule: Rule, parts: Parts): IntegerLayer {
  /** Settings of the model, which must be those of the file. */
  const same = <T>(settings: T): T => {
    if (!alike(claim.settings, settings))
      throw new FormatError(
        `readInteger: '${claim.path}' was lowered with other settings than the model's ${JSON.stringify(settings)}.`,
      );
    return settings;
  };
  if (rule.needsOutput) outputOf(parts);
  switch (rule.madeOf) {
    case 'encodings':
      same(undefined);
      return rule.build(parts);
    case 'weight': {
      same(undefined);
      const { weight, bias } = narrowed(module, rule.classes);
      return rule.build({ ...parts, ...productFrom(reader, claim, weight.shape, bias) });
    }
    case 'convWeight': {
      const conv = narrowed(module, rule.classes);
      const settings = same(settingsOf(conv));
      return rule.build({ ...parts, ...productFrom(reader, claim, conv.weight.shape, conv.bias), settings });
    }
    case 'convTransposeWeight': {
      const conv = narrowed(module, rule.classes);
      const settings = same(settingsOf(conv));
      const [inputs = 0, outputs = 0, ...kernel] = conv.weight.shape;
      const shape = [outputs * conv.groups, inputs / conv.groups, ...kernel];
      return rule.build({ ...parts, ...productFrom(reader, claim, shape, conv.bias), settings });
    }
    case 'dim':
      return rule.build({ ...parts, dim: same(narrowed(module, rule.classes).axis) });
    case 'rows': {
      same(undefined);
      const { weight } = narrowed(module, rule.classes);
      return rule.build({ ...parts, rows: rowsFrom(reader, claim, weight.shape, outputOf(parts)) });
    }
    case 'float':
      same(module.extraRepr());
      return rule.build({ ...parts, float: floatFrom(reader, claim, module) });
  }
}

/** The integer layer that a file describes, and the layer of the model in whose place it stands. */
function layerFrom(reader: Reader, claim: Claim, modules: ReadonlyMap<string, Module>): [Module, IntegerLayer] {
  const { path, kind } = claim;
  const module = modules.get(path);
  const rule = module === undefined ? null : ruleOf(classOf(module));
  const found = module === undefined ? 'nothing' : nameOf(classOf(module));
  if (module === undefined || rule === null || found !== kind)
    throw new FormatError(
      `readInteger: the file has ${kind} at '${path}', the model ${found}. Build the model that was lowered.`,
    );
  const [inputs, route] = [inputsFrom(claim), routeFrom(claim)];
  const output = encodingFrom(`the output of '${path}'`, claim.output);
  const places = { inputs, output, unset: new Set<number>() };
  const layer = built(reader, claim, module, rule, { path, kind, places });
  layer.seal(route);
  const lends = lendsFrom(claim);
  const hasWeight = layer instanceof IntegerProduct;
  if ((claim.weight !== undefined && !hasWeight) || (lends !== null && !(hasWeight && output === null)))
    throw new FormatError(
      `readInteger: '${path}' has a weight or lends its result, as no ${kind} with such an output does.`,
    );
  if (hasWeight) layer.lend(lends);
  return [module, layer];
}

/** Throws FormatError where a layer puts its result on positions that no layer wants. */
function checkLent(layers: readonly IntegerLayer[]): void {
  const wanted = layers.flatMap((layer) => layer.targets());
  for (const layer of layers) {
    const lends = layer instanceof IntegerProduct ? layer.lends : null;
    if (lends !== null && !wanted.some((target) => sameTarget(target, lends)))
      throw new FormatError(`readInteger: '${layer.path}' puts its result on a grid that no layer behind it has.`);
  }
}

/**
 * Makes a float model the integer model that `writeInteger` wrote: replaces its layers, in place, and returns it (or what replaces
 * it, where it is a layer itself), which stays in evaluation. Its float weights are not needed and their values do not matter.
 *
 * ```ts
 * const integer = readInteger(new Net(), readFileSync('net.int8.safetensors'));
 * ```
 *
 * @throws FormatError for a file that is damaged, of another format, or of another model; the model is then as it was
 */
export function readInteger<M extends Module>(model: M, bytes: Uint8Array | ArrayBuffer): M {
  checkInstance('readInteger', 'the model', model, Module);
  const reader = new Reader(bytes);
  const modules = new Map(model.namedModules());
  const layers = new Map<Module, IntegerLayer>();
  for (const claim of reader.layers) {
    const [module, layer] = layerFrom(reader, claimFrom(claim), modules);
    if (layers.has(module)) throw new FormatError(`readInteger: the file has two layers at '${layer.path}'.`);
    layers.set(module, layer);
  }
  checkLent([...layers.values()]);
  const others = otherLayers(model, new Set([...layers.values()].map(({ path }) => path)));
  if (!alike(reader.others, others))
    throw new FormatError(
      `readInteger: beside its integer layers the model has ${JSON.stringify(others)}, the one that was written had ${JSON.stringify(reader.others)}. Build the model that was lowered.`,
    );
  const wanted = outside(
    model.stateDict(),
    pathsOf(model, (module) => layers.has(module)),
  );
  const unknown = reader.left.filter((name) => !Object.hasOwn(wanted, name));
  if (unknown.length > 0)
    throw new FormatError(
      `readInteger: ${unknown.map((name) => `'${name}'`).join(', ')} belong to nothing in the model. Build the model that was lowered; batch norms that were folded before must be folded in it, too.`,
    );
  const rest: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(wanted)) rest[name] = reader.take(name, value.shape, [value.dtype]);
  try {
    model.loadStateDict(rest, { strict: false });
  } catch (cause) {
    throw new FormatError(`readInteger: ${(cause as Error).message}`, { cause });
  }
  return keepEvaluating(replaced(model, layers)) as M;
}
