import type { Module } from '@q/nn';
import { noGrad, Tensor, type Storage } from '@q/tensor';
import { sameShape, type Layout } from '@q/tensor/internal';
import { QuantizationError } from '../errors.js';
import type { QuantizedModule } from '../modules/quantized-module.js';
import { Probe } from './probe.js';
import { over, watched } from './watch.js';

/** A quantized layer. */
export type Layer = Module & QuantizedModule;

/** Where a floating tensor came from: the model's arguments, or a layer. */
export type Origin = 'argument' | Layer;

/** How tensors went through the quantized layers of a model. */
export interface Flow {
  /** The inputs of each layer that tensors reached, and where these came from; null where no layer made them. */
  readonly inputs: ReadonlyMap<Layer, ReadonlyMap<number, ReadonlySet<Origin | null>>>;
  /** The outputs of each layer that were floating tensors, and the ranks they had. */
  readonly outputs: ReadonlyMap<Layer, ReadonlyMap<number, ReadonlySet<number>>>;
  /** The layers that read the outputs of each. */
  readonly readers: ReadonlyMap<Layer, ReadonlySet<Layer>>;
  /** The layers whose outputs are results of the model. */
  readonly results: ReadonlySet<Layer>;
  /** The layers whose outputs do not only go from layer to layer: functions read, wrote or viewed them, or the model keeps them. */
  readonly escaped: ReadonlySet<Layer>;
}

/** The layers that read what a layer gives; none where anything but layers sees it. */
export const readersOf = ({ readers, results, escaped }: Flow, layer: Layer): readonly Layer[] =>
  results.has(layer) || escaped.has(layer) ? [] : [...(readers.get(layer) ?? [])];

/** What a map has under a key, made when first asked for. */
function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** The tensors in a value, however deep in arrays, maps, sets and objects. */
function* tensorsIn(value: unknown, seen = new Set<object>()): Generator<Tensor> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Tensor) return yield value;
  const parts: Iterable<unknown> = value instanceof Map || value instanceof Set ? value : Object.values(value);
  for (const part of parts) yield* tensorsIn(part, seen);
}

const sameLayout = (a: Layout, b: Layout): boolean =>
  a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.strides, b.strides);

/** Follows tensors from layer to layer: each sees what others gave as it is, everything else sees it watched. */
class Tracer implements Flow {
  readonly inputs = new Map<Layer, Map<number, Set<Origin | null>>>();
  readonly outputs = new Map<Layer, Map<number, Set<number>>>();
  readonly readers = new Map<Layer, Set<Layer>>();
  readonly results = new Set<Layer>();
  readonly escaped = new Set<Layer>();
  private readonly origins = new Map<Storage, Origin>();
  /** What layers gave, by the storage in which it is watched. */
  private readonly given = new Map<Storage, { readonly layer: Layer; readonly output: Tensor }>();

  constructor(args: readonly unknown[]) {
    for (const { storage } of tensorsIn(args)) this.origins.set(storage, 'argument');
  }

  /** A tensor on its way into a layer. */
  entered(layer: Layer, place: number, x: Tensor): Tensor {
    const origin = this.origins.get(x.storage) ?? null;
    const places = at(this.inputs, layer, () => new Map<number, Set<Origin | null>>());
    at(places, place, () => new Set<Origin | null>()).add(origin);
    if (origin !== null && origin !== 'argument') at(this.readers, origin, () => new Set<Layer>()).add(layer);
    const given = this.given.get(x.storage);
    if (given === undefined) return x;
    if (sameLayout(x.layout, given.output.layout)) return given.output;
    this.escaped.add(given.layer);
    return over(given.output.storage, x);
  }

  /** A tensor on its way out of a layer. */
  left(layer: Layer, place: number, x: Tensor): Tensor {
    const places = at(this.outputs, layer, () => new Map<number, Set<number>>());
    at(places, place, () => new Set<number>()).add(x.ndim);
    const escape = () => this.escaped.add(layer);
    // Another tensor would lose what a class of its own knows, or the gradient of a leaf.
    if (x.constructor !== Tensor || (x.isLeaf && x.requiresGrad)) {
      escape();
      this.origins.set(x.storage, layer);
      return x;
    }
    const shown = watched(x, escape);
    this.origins.set(shown.storage, layer);
    // For layers inside this one; what hands an argument on does not make it its own.
    at(this.origins, x.storage, () => layer);
    this.given.set(shown.storage, { layer, output: x });
    return shown;
  }

  /** A model has run, and gave a result. */
  ended(model: Module, result: unknown): void {
    for (const { storage } of tensorsIn(result)) {
      const origin = this.origins.get(storage);
      if (origin !== undefined && origin !== 'argument') this.results.add(origin);
    }
    for (const { storage } of tensorsIn(model)) {
      const kept = this.given.get(storage);
      if (kept !== undefined) this.escaped.add(kept.layer);
    }
  }
}

/** Runs `run` with every module of a model in evaluation mode. */
function evaluated<T>(model: Module, run: () => T): T {
  const modes = model.modules().map((module) => [module, module.training] as const);
  model.eval();
  try {
    return noGrad(run);
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
}

/** The arguments of `forward` that an option stands for: a list, or the only one. Throws QuantizationError where there are none. */
export function argumentsOf(operation: string, given: Tensor | readonly unknown[] | undefined): readonly unknown[] {
  if (given === undefined)
    throw new QuantizationError(
      `${operation}: wants { dummyInput }, the arguments of forward, which shows how layers follow each other.`,
    );
  return Array.isArray(given) ? (given as readonly unknown[]) : [given];
}

/** Runs a model whose quantizer places are empty once, in evaluation mode, and tells how tensors went through its layers. */
export function trace(operation: string, model: Module, layers: readonly Layer[], args: readonly unknown[]): Flow {
  const tracer = new Tracer(args);
  const places = layers.map((layer) => [layer, layer.inputQuantizers, layer.outputQuantizers] as const);
  for (const [layer, enter, leave] of places) {
    layer.inputQuantizers = enter.map((_slot, i) => new Probe(operation, (x) => tracer.entered(layer, i, x)));
    layer.outputQuantizers = leave.map((_slot, i) => new Probe(operation, (x) => tracer.left(layer, i, x)));
  }
  try {
    tracer.ended(
      model,
      evaluated(model, () => model.forward(...args)),
    );
  } finally {
    for (const [layer, enter, leave] of places) {
      layer.inputQuantizers = enter;
      layer.outputQuantizers = leave;
    }
  }
  return tracer;
}
