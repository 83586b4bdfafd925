import type { Module } from '@q/nn';
import { described } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import { checkBoolean } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import { unrepeated } from '../modules/exchange.js';
import {
  definitionOf,
  type ImportOptions,
  type LegacyEncodings,
  type QuantizerSlot,
} from '../modules/quantized-module.js';
import type { LegacyEncoding, QuantizerBase } from '../quantizers/quantizer.js';
import type { Layer } from './graph.js';

/** Encodings of places, by number. */
type Places = Readonly<Record<string, LegacyEncodings>>;

/** The encodings of what enters and leaves a layer, by number. */
export interface ActivationEncodings {
  /** Of its inputs. */
  readonly input?: Readonly<Record<string, LegacyEncodings>>;
  /** Of its outputs. */
  readonly output?: Readonly<Record<string, LegacyEncodings>>;
}

/** The encodings of a model in AIMET's file format. */
export interface ModelEncodings {
  /** Version of the format. */
  readonly version: string;
  /** By name of the layer. */
  readonly activation_encodings: Readonly<Record<string, ActivationEncodings>>;
  /** By state name of the parameter. */
  readonly param_encodings: Readonly<Record<string, LegacyEncodings>>;
}

const VERSION = '0.6.1';

/** A layer and its name in the model. */
export type Named = readonly [name: string, layer: Layer];

const under = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** One entry as it is, several as a list. */
const single = (encodings: readonly LegacyEncoding[]): LegacyEncodings =>
  encodings.length === 1 ? encodings[0]! : encodings;

/** The encodings of places that have one, by number. */
const placesOf = (encodings: readonly (readonly LegacyEncoding[] | null)[]): Places =>
  Object.fromEntries(encodings.flatMap((entry, i) => (entry === null ? [] : [[String(i), single(entry)]])));

/** The encodings that the quantizers of layers have. */
export function exportEncodings(layers: readonly Named[]): ModelEncodings {
  const activations: Record<string, ActivationEncodings> = {};
  const params: Record<string, LegacyEncodings> = {};
  for (const [path, layer] of layers) {
    const [input, output] = [placesOf(layer.exportInputEncodings()), placesOf(layer.exportOutputEncodings())];
    const places = {
      ...(Object.keys(input).length > 0 && { input }),
      ...(Object.keys(output).length > 0 && { output }),
    };
    if (Object.keys(places).length > 0) activations[path] = places;
    for (const [name, entry] of Object.entries(layer.exportParamEncodings()))
      if (entry !== null) params[under(path, name)] = entry;
  }
  return { version: VERSION, activation_encodings: activations, param_encodings: params };
}

/** A place where a quantizer may stand. */
interface Place {
  readonly slots: QuantizerSlot[] | Record<string, QuantizerSlot>;
  readonly index: string;
}

const keyOf = (path: string, role: string, index: string): string => `${role} ${index} of '${path}'`;

/** All places of layers by key. */
function placesIn(layers: readonly Named[]): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const [path, layer] of layers)
    for (const [role, slots] of [
      ['input', layer.inputQuantizers],
      ['output', layer.outputQuantizers],
      ['parameter', layer.paramQuantizers],
    ] as const)
      for (const index of Object.keys(slots))
        places.set(role === 'parameter' ? `parameter '${under(path, index)}'` : keyOf(path, role, index), {
          slots,
          index,
        });
  return places;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Encodings without those that repeat the last place's, where its quantizer stands at all further inputs or outputs. */
function withoutRepeats(layer: Layer | undefined, role: string, encodings: Places): Places {
  const { sharedInputs = false, sharedOutputs = false } = definitionOf(layer) ?? {};
  if (role === 'input' && sharedInputs) return unrepeated(layer!.inputQuantizers, encodings);
  return role === 'output' && sharedOutputs ? unrepeated(layer!.outputQuantizers, encodings) : encodings;
}

/** The encodings of a file by place. Throws QuantizationError where it is none. */
function entriesOf(
  operation: string,
  layers: ReadonlyMap<string, Layer>,
  encodings: unknown,
  paramsOnly: boolean,
): Map<string, unknown> {
  const record = (value: unknown, what: string): Readonly<Record<string, unknown>> => {
    if (isRecord(value)) return value;
    throw new QuantizationError(`${operation}: ${what} must be an object, got ${described(value)}.`);
  };
  const file = record(encodings, 'the encodings');
  const entries = new Map<string, unknown>();
  if (!paramsOnly)
    for (const [path, roles] of Object.entries(record(file.activation_encodings ?? {}, 'activation_encodings')))
      for (const [role, places] of Object.entries(record(roles, `activation_encodings of '${path}'`))) {
        const given = record(places, `${role} of '${path}'`) as Places;
        for (const [index, entry] of Object.entries(withoutRepeats(layers.get(path), role, given)))
          entries.set(keyOf(path, role, index), entry);
      }
  for (const [name, entry] of Object.entries(record(file.param_encodings ?? {}, 'param_encodings')))
    entries.set(`parameter '${name}'`, entry);
  return entries;
}

/** Sets the quantizers of layers from encodings, all or none. */
export function importEncodings(
  operation: string,
  layers: readonly Named[],
  encodings: unknown,
  options: ImportOptions,
  paramsOnly: boolean,
): void {
  const {
    strict = true,
    partial = true,
    requiresGrad = null,
    allowOverwrite,
  } = optionsOf(operation, options, ['strict', 'partial', 'requiresGrad', 'allowOverwrite']);
  if (requiresGrad !== null) checkBoolean(operation, 'requiresGrad', requiresGrad);
  if (allowOverwrite !== undefined) checkBoolean(operation, 'allowOverwrite', allowOverwrite);
  const entries = entriesOf(operation, new Map(layers), encodings, paramsOnly);
  const places = placesIn(layers);
  const assignments: { readonly quantizer: QuantizerBase; readonly list: readonly LegacyEncoding[] }[] = [];
  for (const [key, entry] of entries) {
    const place = places.get(key);
    const quantizer = place && (Reflect.get(place.slots, place.index) as QuantizerSlot);
    if (!quantizer) {
      if (!strict) continue;
      throw new QuantizationError(
        `${operation}: an encoding for ${key}, where the model has no quantizer; nothing was imported. Pass { strict: false } to ignore it.`,
      );
    }
    if (!quantizer.overwritable) continue;
    const list = (Array.isArray(entry) ? entry : [entry]) as readonly LegacyEncoding[];
    quantizer.checkLegacyEncodings(list);
    assignments.push({ quantizer, list });
  }
  for (const { quantizer, list } of assignments) {
    quantizer.setLegacyEncodings(list, { exact: true });
    if (requiresGrad !== null) quantizer.requiresGrad_(requiresGrad);
    if (allowOverwrite !== undefined) quantizer.allowOverwrite(allowOverwrite);
  }
  if (partial) return;
  for (const [key, { slots, index }] of places) if (!entries.has(key)) Reflect.set(slots, index, null);
}

/** Layers by name, as a model has them now. */
export const namedLayers = (model: Module, isLayer: (module: Module) => module is Layer): Named[] =>
  model.namedModules().flatMap(([name, module]) => (isLayer(module) ? [[name, module] as const] : []));
