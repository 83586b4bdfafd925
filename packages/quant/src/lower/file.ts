import { Module, slots } from '@q/nn';
import { FormatError, tensor, type Tensor } from '@q/tensor';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '@q/tensor/io';
import { checkInstance } from '../arguments.js';
import { elementsOf } from '../elements.js';
import { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import { alike } from '../modules/exchange.js';
import { isQuantized } from '../modules/quantized-module.js';
import { IntegerLayer, type Route } from './layer.js';
import { replaced } from '../modules/model.js';
import { unsuited, type Target } from './grids.js';
import { IntegerProduct } from './product.js';
import { build, callsFloat, partsOf, ruleOf, settingsOf, type Parts } from './rules.js';
import { halves, type IntegerWeight } from './weights.js';

const FORMAT = 'q-integer-model';
const VERSION = '3';

/** A per-tensor encoding in the file. */
interface StoredEncoding {
  readonly scale: number;
  readonly offset: number;
  readonly qmin: number;
  readonly qmax: number;
  readonly symmetry: boolean;
}

/** What the metadata say of a layer; its numbers are tensors under its path. */
interface StoredLayer {
  readonly path: string;
  readonly kind: string;
  readonly route: Route;
  /** The positions on which the one layer behind wants its result, where it has no output. */
  readonly lends?: { readonly on: StoredEncoding; readonly low: number; readonly high: number };
  readonly inputs: readonly (StoredEncoding | null)[];
  readonly output: StoredEncoding | null;
  readonly settings?: unknown;
  readonly weight?: StoredWeight;
}

/** What the metadata say of a weight. */
interface StoredWeight {
  readonly bits: number;
  readonly signed: boolean;
  /** Whether two values share a byte. */
  readonly halved: boolean;
  /** How many blocks have factors, or scales; 0 for none. */
  readonly factors: number;
  readonly blockScales: number;
}

const stored = ({ scale, offset, qmin, qmax, symmetry }: AffineEncoding): StoredEncoding => ({
  scale: scale.item(),
  offset: offset.item(),
  qmin,
  qmax,
  symmetry,
});

const storedWeight = ({ bits, signed, halved, factors, blockScales }: IntegerWeight): StoredWeight => ({
  bits,
  signed,
  halved,
  factors: factors?.shape[1] ?? 0,
  blockScales: blockScales?.shape[0] ?? 0,
});

const storedTarget = ({ encoding, low, high }: Target) => ({ on: stored(encoding), low, high });

const under = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

const integerLayers = (model: Module): [string, IntegerLayer][] =>
  model.namedModules().filter((entry): entry is [string, IntegerLayer] => entry[1] instanceof IntegerLayer);

/** All paths at which some modules of a model stand; one that several properties hold has several. */
function pathsOf(root: Module, wanted: (module: Module) => boolean): string[] {
  const found: string[] = [];
  const open = new Set<Module>();
  const visit = (module: Module, path: string): void => {
    if (wanted(module)) found.push(path);
    if (open.has(module)) return;
    open.add(module);
    for (const { kind, name, value } of slots(module)) if (kind === 'module') visit(value, under(path, name));
    open.delete(module);
  };
  visit(root, '');
  return found;
}

/** State that belongs to none of the layers at `paths`. */
const outside = (state: Readonly<Record<string, Tensor>>, paths: readonly string[]): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(state).filter(([name]) => !paths.some((path) => path === '' || name.startsWith(`${path}.`))),
  );

/** Settings by which a layer computes, for comparison: those of a layer that is called as it is are what it prints. */
function settingsFor({ rule }: Pick<Parts, 'rule'>, module: Module): unknown {
  if (rule === 'conv' || rule === 'convTranspose') return settingsOf(module);
  if (rule === 'concat') return (module as Module & { axis: number }).axis;
  return callsFloat(rule) ? module.extraRepr() : undefined;
}

/** Rules whose layers have no result without a grid for it. */
const needsOutput: readonly string[] = ['clamp', 'function', 'average', 'inside', 'concat', 'embedding'];

/** The layers without parts that remain as they are, by path, beside those at `paths`. */
const otherLayers = (model: Module, paths: ReadonlySet<string>): Record<string, string> =>
  Object.fromEntries(
    model
      .namedModules()
      .filter(([path, module]) => module.children().length === 0 && !within(path, paths))
      .map(([path, module]) => [path, module.constructor.name]),
  );

/** Whether a path is one of some, or leads on from one. */
const within = (path: string, paths: ReadonlySet<string>): boolean =>
  paths.has('') || [...path.matchAll(/\.|$/g)].some(({ index }) => paths.has(path.slice(0, index)));

/**
 * A model that `lowerToInteger` made, as the bytes of a safetensors file: integer weights (int4 packed two a byte), scales and
 * biases under the paths of the layers, encodings in the metadata.
 *
 * @throws QuantizationError where layers remained fake-quantized
 */
export function writeInteger(model: Module): Uint8Array<ArrayBuffer> {
  checkInstance('writeInteger', 'the model', model, Module);
  const simulated = model.namedModules().filter(([, module]) => isQuantized(module));
  if (simulated.length > 0)
    throw new QuantizationError(
      `writeInteger: ${simulated.map(([path]) => path || 'the model').join(', ')} did not become integer layers. See the report of lowerToInteger().`,
    );
  const layers = integerLayers(model);
  if (layers.length === 0)
    throw new QuantizationError('writeInteger: the model has no integer layers. Make them with lowerToInteger().');
  const tensors: Record<string, Tensor> = outside(
    model.stateDict(),
    pathsOf(model, (module) => module instanceof IntegerLayer),
  );
  const described = layers.map(([path, layer]): StoredLayer => {
    const parts = partsOf(layer);
    const { kind, places, weight, bias, rows, float, settings, dim } = parts;
    if (bias?.some((value) => !Number.isFinite(value)))
      throw new QuantizationError(`writeInteger: the bias of '${path}' has values that are not finite.`);
    if (weight) {
      const { values, scale, zero, factors, blockScales } = weight;
      tensors[under(path, 'weight')] = values;
      tensors[under(path, 'weight_scale')] = tensor(scale);
      if (zero) tensors[under(path, 'weight_zero')] = tensor(zero, { dtype: 'int32' });
      if (factors) tensors[under(path, 'weight_factors')] = factors;
      if (blockScales) tensors[under(path, 'weight_block_scales')] = blockScales;
    }
    if (bias) tensors[under(path, 'bias')] = tensor(bias);
    if (rows) tensors[under(path, 'rows')] = rows.values;
    if (float) for (const [name, value] of Object.entries(float.stateDict())) tensors[under(path, name)] = value;
    return {
      path,
      kind,
      route: layer.sealed ?? 'integer',
      ...(layer instanceof IntegerProduct && layer.lends && { lends: storedTarget(layer.lends) }),
      inputs: places.inputs.map((encoding) => encoding && stored(encoding)),
      output: places.output && stored(places.output),
      ...(settings && { settings }),
      ...(dim !== undefined && { settings: dim }),
      ...(float && { settings: settingsFor(parts, float) }),
      ...(weight && { weight: storedWeight(weight) }),
    };
  });
  return writeSafetensors(tensors, {
    metadata: {
      format: FORMAT,
      version: VERSION,
      layers: JSON.stringify(described),
      others: JSON.stringify(otherLayers(model, new Set(layers.map(([path]) => path)))),
    },
  });
}

/** Reads the layers of one file. Every claim is checked against the model before it is used. */
class Reader {
  /** Tensors that nothing has taken yet. */
  readonly left: Map<string, Tensor>;
  readonly layers: readonly unknown[];
  /** What the file says of the layers that are none of its own. */
  readonly others: unknown;

  constructor(bytes: Uint8Array | ArrayBuffer) {
    const { format, version, layers, others } = readSafetensorsMetadata(bytes);
    if (format !== FORMAT)
      throw new FormatError(
        `readInteger: no integer model but '${format ?? 'a file without a format'}'. Write one with writeInteger().`,
      );
    if (version !== VERSION)
      throw new FormatError(
        `readInteger: version ${version ?? 'unknown'} of the format; this library reads version ${VERSION}.`,
      );
    this.left = new Map(Object.entries(readSafetensors(bytes)));
    let parsed: unknown;
    try {
      parsed = JSON.parse(layers ?? '');
      this.others = JSON.parse(others ?? '');
    } catch (cause) {
      throw new FormatError('readInteger: the description of the layers is not JSON.', { cause });
    }
    if (!Array.isArray(parsed)) throw new FormatError('readInteger: the description of the layers is not a list.');
    this.layers = parsed;
  }

  /** Takes a tensor out, of the shape and dtype wanted. */
  take(name: string, shape: readonly number[], dtypes: readonly string[]): Tensor {
    const found = this.left.get(name);
    if (found === undefined) throw new FormatError(`readInteger: tensor '${name}' is missing.`);
    this.left.delete(name);
    if (
      !dtypes.includes(found.dtype) ||
      found.ndim !== shape.length ||
      shape.some((size, d) => size !== found.shape[d])
    )
      throw new FormatError(
        `readInteger: tensor '${name}' is ${found.dtype} [${found.shape.join(', ')}], the model wants ${dtypes.join(' or ')} [${shape.join(', ')}].`,
      );
    return found;
  }

  floats(name: string, shape: readonly number[], positive: boolean): Float32Array {
    const values = Float32Array.from(elementsOf(this.take(name, shape, ['float32']))[0]);
    if (!values.every((value) => Number.isFinite(value) && (!positive || value > 0)))
      throw new FormatError(
        `readInteger: tensor '${name}' has values that are not ${positive ? 'positive' : 'finite'}.`,
      );
    return values;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function encodingFrom(where: string, value: unknown): AffineEncoding | null {
  if (value === null) return null;
  const numbers = isRecord(value) ? [value.scale, value.offset, value.qmin, value.qmax] : [];
  if (!isRecord(value) || numbers.some((number) => typeof number !== 'number') || typeof value.symmetry !== 'boolean')
    throw new FormatError(`readInteger: ${where} is no encoding.`);
  const [scale, offset, qmin, qmax] = numbers as [number, number, number, number];
  try {
    const encoding = new AffineEncoding(scale, offset, { qmin, qmax, symmetry: value.symmetry });
    const why = Number.isInteger(offset) ? unsuited(encoding) : `has the offset ${offset}`;
    if (why === null) return encoding;
    throw new FormatError(`readInteger: ${where} ${why}.`);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(`readInteger: ${where} is no encoding: ${(cause as Error).message}`, { cause });
  }
}

function targetFrom(where: string, value: unknown): Target | null {
  if (value === undefined) return null;
  const { on, low, high } = isRecord(value) ? value : {};
  const encoding = encodingFrom(where, on ?? null);
  if (encoding === null || !Number.isInteger(low) || !Number.isInteger(high))
    throw new FormatError(`readInteger: ${where} wants an encoding and two integers.`);
  const target = { encoding, low: low as number, high: high as number };
  if (target.low < encoding.qmin || target.low > target.high || target.high > encoding.qmax)
    throw new FormatError(`readInteger: ${where} has ends outside its grid: ${target.low} and ${target.high}.`);
  return target;
}

const routes: readonly unknown[] = ['integer', 'float inside'] satisfies Route[];

/** Shape of a weight of an integer layer, output channels first. */
function weightShape(parts: Pick<Parts, 'rule'>, module: Module & { weight: Tensor }): number[] {
  const { shape } = module.weight;
  if (parts.rule !== 'convTranspose') return [...shape];
  const { groups } = settingsOf(module);
  return [shape[1]! * groups, shape[0]! / groups, ...shape.slice(2)];
}

/** What a file says of a weight of rows of `size` values, checked. */
function storedWeightFrom(path: string, claim: unknown, size: number): StoredWeight {
  const { bits, signed, halved, factors, blockScales } = isRecord(claim) ? claim : {};
  const within = (value: unknown, low: number, high: number): value is number =>
    Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
  if (!within(bits, 1, 8) || typeof signed !== 'boolean' || typeof halved !== 'boolean')
    throw new FormatError(
      `readInteger: the weight of '${path}' wants 1 to 8 bits, whether they are signed, and whether two share a byte.`,
    );
  if (!within(factors, 0, size) || !within(blockScales, 0, size))
    throw new FormatError(`readInteger: the weight of '${path}' has no number of blocks.`);
  const blocks = Math.max(1, factors, blockScales);
  const fits = halved ? bits <= 4 && halves(size, factors, blockScales) : factors === 0;
  if (size % blocks !== 0 || !fits || (factors > 0 && blockScales > 0))
    throw new FormatError(`readInteger: the weight of '${path}' has blocks or halves that do not go together.`);
  return { bits, signed, halved, factors, blockScales };
}

function weightFrom(reader: Reader, path: string, claim: unknown, shape: number[]): IntegerWeight {
  const [channels, ...rest] = shape as [number, ...number[]];
  const size = rest.reduce((product, count) => product * count, 1);
  const { bits, signed, halved, ...blocks } = storedWeightFrom(path, claim, size);
  const name = under(path, 'weight');
  const values = halved
    ? reader.take(name, [channels, Math.ceil(size / 2)], ['uint8'])
    : reader.take(name, shape, [signed ? 'int8' : 'uint8']);
  const scale = reader.floats(under(path, 'weight_scale'), [channels], true);
  const zeros = under(path, 'weight_zero');
  const zero = reader.left.has(zeros)
    ? Int32Array.from(elementsOf(reader.take(zeros, [channels], ['int32']))[0])
    : null;
  if (zero?.some((value) => Math.abs(value) >= 2 ** 15))
    throw new FormatError(`readInteger: tensor '${zeros}' has zero points outside 16 bits.`);
  const factorName = under(path, 'weight_factors');
  const factors = blocks.factors > 0 ? reader.take(factorName, [channels, blocks.factors], ['uint8']) : null;
  const most = 2 ** (8 - bits);
  if (factors && elementsOf(factors)[0].some((factor) => factor < 1 || factor > most))
    throw new FormatError(`readInteger: tensor '${factorName}' has factors outside 1 to ${most}.`);
  const scales = under(path, 'weight_block_scales');
  const blockScales =
    blocks.blockScales > 0
      ? tensor(reader.floats(scales, [blocks.blockScales, channels], true), { shape: [blocks.blockScales, channels] })
      : null;
  return { shape, values, scale, zero, bits, signed, halved, factors, blockScales };
}

/** The integer layer that a file describes, for a layer of the model. */
function layerFrom(reader: Reader, claim: unknown, modules: ReadonlyMap<string, Module>): [Module, IntegerLayer] {
  if (!isRecord(claim) || typeof claim.path !== 'string' || typeof claim.kind !== 'string')
    throw new FormatError('readInteger: a layer without path or kind.');
  const { path, kind } = claim;
  const module = modules.get(path);
  const rule = module === undefined ? null : ruleOf(module.constructor as new () => Module);
  if (module === undefined || rule === null || module.constructor.name !== kind)
    throw new FormatError(
      `readInteger: the file has ${kind} at '${path}', the model ${module === undefined ? 'nothing' : module.constructor.name}. Build the model that was lowered.`,
    );
  const settings = settingsFor({ rule }, module);
  if (!alike(claim.settings, settings))
    throw new FormatError(
      `readInteger: '${path}' was lowered with other settings than the model's ${JSON.stringify(settings)}.`,
    );
  if (!Array.isArray(claim.inputs) || claim.inputs.length > 16)
    throw new FormatError(`readInteger: the inputs of '${path}' are no list of encodings.`);
  if (!routes.includes(claim.route)) throw new FormatError(`readInteger: '${path}' has no route.`);
  const output = encodingFrom(`the output of '${path}'`, claim.output ?? null);
  const places = {
    inputs: claim.inputs.map((value, i) => encodingFrom(`input ${i} of '${path}'`, value)),
    output,
  };
  if (output === null && needsOutput.includes(rule))
    throw new FormatError(`readInteger: '${path}' has no output encoding.`);
  const common = { rule, kind, places };
  const layer = build(partsFrom());
  layer.path = path;
  layer.sealed = claim.route as Route;
  if (layer instanceof IntegerProduct) layer.lends = targetFrom(`what '${path}' lends`, claim.lends);
  return [module, layer];

  function partsFrom(): Parts {
    if (rule === 'linear' || rule === 'conv' || rule === 'convTranspose') {
      const float = module as Module & { weight: Tensor; bias: Tensor | null };
      const weight = weightFrom(reader, path, (claim as Record<string, unknown>).weight, weightShape(common, float));
      const bias = float.bias && reader.floats(under(path, 'bias'), [float.bias.numel], false);
      const settings = rule === 'linear' ? {} : { settings: settingsOf(module) };
      return { ...common, weight, bias, ...settings };
    }
    if (rule === 'concat') return { ...common, dim: (module as Module & { axis: number }).axis };
    if (rule === 'embedding') {
      const grid = output!;
      const { shape } = (module as Module & { weight: Tensor }).weight;
      const values = reader.take(under(path, 'rows'), shape, [grid.dtype]);
      if (elementsOf(values)[0].some((value) => value < grid.qmin || value > grid.qmax))
        throw new FormatError(
          `readInteger: tensor '${under(path, 'rows')}' has values outside the grid of its output.`,
        );
      return { ...common, rows: { values, encoding: grid } };
    }
    if (!callsFloat(common.rule)) return common;
    const float = module!.clone().eval();
    const state = float.stateDict();
    for (const [name, value] of Object.entries(state))
      state[name] = reader.take(under(path, name), value.shape, [value.dtype]);
    float.loadStateDict(state);
    return { ...common, float: float.requiresGrad_(false) };
  }
}

/**
 * Makes a float model the integer model that `writeInteger` wrote: replaces its layers, in place, and returns it (or what replaces
 * it, where it is a layer itself). Its float weights are not needed and their values do not matter.
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
    const [module, layer] = layerFrom(reader, claim, modules);
    if (layers.has(module)) throw new FormatError(`readInteger: the file has two layers at '${layer.path}'.`);
    layers.set(module, layer);
  }
  const others = otherLayers(model, new Set([...layers.values()].map((layer) => layer.path)));
  if (!alike(reader.others, others))
    throw new FormatError(
      `readInteger: beside its integer layers the model has ${JSON.stringify(others)}, the one that was written had ${JSON.stringify(reader.others)}. Build the model that was lowered.`,
    );
  const wanted = outside(
    model.stateDict(),
    pathsOf(model, (module) => layers.has(module)),
  );
  const unknown = [...reader.left.keys()].filter((name) => !Object.hasOwn(wanted, name));
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
  return replaced(model.eval(), layers) as M;
}
