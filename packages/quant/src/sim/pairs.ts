import * as nn from '@q/nn';
import type { Storage } from '@q/tensor';
import { toQuantized } from '../modules/model.js';
import { isQuantized, parameterPlaces } from '../modules/quantized-module.js';
import { namedLayers } from './encodings.js';
import { readersOf, trace, type Layer } from './graph.js';
import { Probe } from './probe.js';
import { watched } from './watch.js';

/** A batch norm. */
export type Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d;
/** A transposed convolution. */
export type Transposed = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d;
/** A layer that a batch norm may be folded into. */
export type Product = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d | Transposed;

/** Whether a module is of one of these very classes: a subclass may compute something else. */
const isExactly =
  <M extends nn.Module>(...types: readonly (new (...args: never[]) => M)[]) =>
  (module: nn.Module): module is M =>
    types.some((type) => module.constructor === type);

const transposed = [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d];
/** Whether a layer is a transposed convolution. */
export const isTransposed = isExactly<Transposed>(...transposed);
const isProduct = isExactly<Product>(nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, ...transposed);
const isNorm = isExactly<Norm>(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d);

/** A layer and the batch norm that it took up, by name. */
export interface FoldedPair {
  /** Name of the layer. */
  readonly layer: string;
  /** Name of the batch norm, where an `Identity` stands now. */
  readonly norm: string;
}

/** A layer, the batch norm behind it, and the names of both. */
export interface Pair {
  readonly names: FoldedPair;
  readonly layer: Product;
  readonly norm: Norm;
}

/** Watches the parameters of layers: gives those whose parameters anything but themselves reads from now on. */
function watchParameters(operation: string, layers: readonly Layer[]): ReadonlySet<Layer> {
  const read = new Set<Layer>();
  for (const layer of layers)
    for (const { name, owner, key, value } of parameterPlaces(layer)) {
      const parameter = watched(value, () => read.add(layer));
      owner[key] = new nn.Parameter(parameter, { requiresGrad: value.requiresGrad });
      layer.paramQuantizers[name] = new Probe(operation, () => value);
    }
  return read;
}

/** Storages of parameters and buffers that serve several of them, or several elements of one. */
function sharedStorages(model: nn.Module): ReadonlySet<Storage> {
  const [seen, shared] = [new Set<Storage>(), new Set<Storage>()];
  for (const module of model.modules())
    for (const { kind, value } of nn.slots(module)) {
      if (kind === 'module') continue;
      const [first, end] = value.layout.extent();
      (seen.has(value.storage) || end - first < value.numel ? shared : seen).add(value.storage);
    }
  return shared;
}

/** The layers that a batch norm alone sees, as they are, each with that batch norm, which reads nothing else. */
export function pairsOf(operation: string, model: nn.Module, args: readonly unknown[]): Pair[] {
  const copy = toQuantized(model.clone());
  const layers = namedLayers(copy, (module): module is Layer => isQuantized(module));
  const only = layers.map(([, layer]) => layer);
  const elsewhere = watchParameters(operation, only);
  const flow = trace(operation, copy, only, args);
  const [originals, shared] = [new Map(model.namedModules()), sharedStorages(model)];
  const names = new Map(layers.map(([name, layer]) => [layer, name]));
  return layers.flatMap(([name, traced]) => {
    const [reader, ...others] = readersOf(flow, traced);
    if (reader === undefined || others.length > 0 || elsewhere.has(traced)) return [];
    const origins = [...(flow.inputs.get(reader)?.values() ?? [])].flatMap((set) => [...set]);
    if (origins.length > 1) return [];
    const normName = names.get(reader)!;
    const [layer, norm] = [originals.get(name)!, originals.get(normName)!];
    if (!isProduct(layer) || !isNorm(norm)) return [];
    // The channels of [n, length, channels] of a linear layer, and of a single [channels, length], are no batch norm's.
    const ranks = [...(flow.outputs.get(traced)?.get(0) ?? [])];
    if (ranks.some((rank) => rank !== layer.weight.ndim)) return [];
    if (shared.has(layer.weight.storage) || (layer.bias && shared.has(layer.bias.storage))) return [];
    return [{ names: { layer: name, norm: normName }, layer, norm }];
  });
}
