import type { Module } from '@q/nn';
import { described } from '@q/tensor';
import { isJSONObject } from '@q/tensor/internal';
import { QuantizationError } from '../errors.js';
import { importEncodings as importByPlace, unrepeated, type ImportTarget, type Place } from '../modules/exchange.js';
import {
  definitionOf,
  quantizerSlots,
  type EncodingsByPlace,
  type ImportOptions,
  type LegacyEncodings,
} from '../modules/quantized-module.js';
import { under } from '../modules/model.js';
import type { LegacyEncoding } from '../quantizers/quantizer.js';
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

const keyOf = (path: string, role: string, index: string): string => `${role} ${index} of '${path}'`;

const ofParameter = (name: string): string => `parameter '${name}'`;

/** All places of layers by key. */
function placesIn(layers: readonly Named[]): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const [path, layer] of layers) {
    const { inputQuantizers, outputQuantizers, paramQuantizers } = quantizerSlots(layer);
    for (const [role, slots] of [
      ['input', inputQuantizers],
      ['output', outputQuantizers],
      ['parameter', paramQuantizers],
    ] as const)
      for (const key of Object.keys(slots))
        places.set(role === 'parameter' ? ofParameter(under(path, key)) : keyOf(path, role, key), { slots, key });
  }
  return places;
}

/** Encodings without those that repeat the last place's, where its quantizer stands at all further inputs or outputs. */
function withoutRepeats(layer: Layer | undefined, role: string, encodings: EncodingsByPlace): EncodingsByPlace {
  const { sharedInputs = false, sharedOutputs = false } = definitionOf(layer) ?? {};
  if (role === 'input' && sharedInputs) return unrepeated(layer!.inputQuantizers, encodings);
  return role === 'output' && sharedOutputs ? unrepeated(layer!.outputQuantizers, encodings) : encodings;
}

type Entries = Readonly<Record<string, unknown>>;

/** Versions of the files that hold encodings by name of the module; those of AIMET's `save_encodings_to_json` have none. */
const versions: readonly unknown[] = [undefined, VERSION, '1.0.0'];

/** What a file may hold. The last two say how it was made. */
const fileKeys = ['version', 'activation_encodings', 'param_encodings', 'excluded_layers', 'quantizer_args'];

const ofTensors = 'a list, as in the files of ONNX graphs, which are keyed by tensors';

/** What an import takes of a file. Throws QuantizationError where that is none, or of another format. */
function sectionsOf(
  operation: string,
  encodings: unknown,
  paramsOnly: boolean,
): { readonly activations: Entries; readonly params: Entries } {
  const refuse = (what: string): never => {
    throw new QuantizationError(
      `${operation}: ${what}. It reads encodings keyed by names of modules, format ${VERSION}: those of exportEncodings() and of AIMET's files that end in _torch.encodings.`,
    );
  };
  if (!isJSONObject(encodings)) return refuse(`wants an object of encodings, got ${described(encodings)}`);
  const { version, activation_encodings: activations, param_encodings: params } = encodings;
  const got = `got encodings ${version === undefined ? 'without a version' : `of version ${described(version)}`}`;
  if (!versions.includes(version)) refuse(got);
  const section = (name: string, value: unknown = {}): Entries =>
    isJSONObject(value)
      ? value
      : refuse(`${got} whose ${name} are ${Array.isArray(value) ? ofTensors : described(value)}`);
  const taken = {
    activations: paramsOnly ? {} : section('activation_encodings', activations),
    params: section('param_encodings', params),
  };
  const tensor = Object.entries(taken.activations).find(([, places]) => Array.isArray(places));
  if (tensor !== undefined) refuse(`${got} whose activation_encodings of '${tensor[0]}' are ${ofTensors}`);
  const unknown = Object.keys(encodings).find((key) => !fileKeys.includes(key));
  if (unknown !== undefined) refuse(`${got} with '${unknown}', which is none of ${fileKeys.join(', ')}`);
  if (params === undefined && (paramsOnly || activations === undefined))
    refuse(`${got} that have no param_encodings${paramsOnly ? '' : ' and no activation_encodings'}`);
  return taken;
}

/** The encodings of a file by place. Throws QuantizationError where it is none. */
function entriesOf(
  operation: string,
  layers: ReadonlyMap<string, Layer>,
  encodings: unknown,
  paramsOnly: boolean,
): Map<string, unknown> {
  const record = (value: unknown, what: string): Entries => {
    if (isJSONObject(value)) return value;
    throw new QuantizationError(`${operation}: ${what} must be an object, got ${described(value)}.`);
  };
  const { activations, params } = sectionsOf(operation, encodings, paramsOnly);
  const entries = new Map<string, unknown>();
  for (const [path, roles] of Object.entries(activations))
    for (const [role, places] of Object.entries(record(roles, `activation_encodings of '${path}'`))) {
      const given = record(places, `${role} of '${path}'`) as EncodingsByPlace;
      for (const [index, entry] of Object.entries(withoutRepeats(layers.get(path), role, given)))
        entries.set(keyOf(path, role, index), entry);
    }
  for (const [name, entry] of Object.entries(params)) entries.set(ofParameter(name), entry);
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
  const places = placesIn(layers);
  const target: ImportTarget = { operation, places, unknown: 'where the model has no place for one', allOrNone: true };
  importByPlace(target, entriesOf(operation, new Map(layers), encodings, paramsOnly), options);
}

/** Layers by name, as a model has them now. */
export const namedLayers = (model: Module, isLayer: (module: Module) => module is Layer): Named[] =>
  model.namedModules().flatMap(([name, module]) => (isLayer(module) ? [[name, module] as const] : []));
