import type { Module } from '@q/nn';
import { noGrad, Tensor, type Shape, type Storage } from '@q/tensor';
import { mapLeaves } from '../modules/forward.js';
import type { QuantizedModule } from '../modules/quantized-module.js';
import { QuantizationError } from '../errors.js';
import { QuantizerBase } from '../quantizers/quantizer.js';

/** A quantized layer. */
export type Layer = Module & QuantizedModule;

/** Stands where a quantizer may stand, and tells of the tensors that pass. */
class Probe extends QuantizerBase {
  override readonly encodingAnalyzer = null;
  override readonly numSteps = 0;
  protected override readonly isSymmetric = false;

  constructor(private readonly pass: (x: Tensor) => void) {
    super();
  }

  override forward(x: Tensor): Tensor {
    this.pass(x);
    return x;
  }

  override quantize(x: Tensor): Tensor {
    return x;
  }

  override isInitialized(): boolean {
    return true;
  }

  /** Kernels rest where it stands. */
  override isCalibrating(): boolean {
    return true;
  }

  override getEncoding(): null {
    return null;
  }

  override getLegacyEncodings(): null {
    return null;
  }

  override clone(): this {
    return this;
  }

  override setLegacyEncodings(): void {
    this.refuse();
  }

  override checkLegacyEncodings(): void {
    this.refuse();
  }

  protected override quantizeWithin(x: Tensor): Tensor {
    return x;
  }

  protected override adopt(): void {
    this.refuse();
  }

  private refuse(): never {
    throw new QuantizationError('QuantizationSimModel: the model changes quantizers while it runs on dummyInput.');
  }
}

/** Where a floating tensor came from: the model's arguments, or a layer. */
export type Origin = 'argument' | Layer;

/** How tensors went through the quantized layers of a model. */
export interface Flow {
  /** The inputs of each layer that tensors reached, and where these came from; null where no layer made them. */
  readonly inputs: ReadonlyMap<Layer, ReadonlyMap<number, ReadonlySet<Origin | null>>>;
  /** The outputs of each layer that were floating tensors, and the shapes they last had. */
  readonly outputs: ReadonlyMap<Layer, ReadonlyMap<number, Shape>>;
  /** The layers that read the outputs of each. */
  readonly readers: ReadonlyMap<Layer, ReadonlySet<Layer>>;
  /** The layers whose outputs are results of the model. */
  readonly results: ReadonlySet<Layer>;
}

/** What was added to a collection in a map, made when first asked for. */
function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
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

/** The arguments of `forward` that an option stands for: a list, or the only one. */
export const argumentsOf = (given: Tensor | readonly unknown[]): readonly unknown[] =>
  Array.isArray(given) ? (given as readonly unknown[]) : [given];

/** Runs a model whose quantizer places are empty once, in evaluation mode, and tells how tensors went through its layers. */
export function trace(model: Module, layers: readonly Layer[], args: readonly unknown[]): Flow {
  const inputs = new Map<Layer, Map<number, Set<Origin | null>>>();
  const outputs = new Map<Layer, Map<number, Shape>>();
  const readers = new Map<Layer, Set<Layer>>();
  const results = new Set<Layer>();
  // A view that no layer made comes from where its storage does.
  const [tensors, storages] = [new WeakMap<Tensor, Origin>(), new Map<Storage, Origin>()];
  const remember = (x: Tensor, origin: Origin): void => {
    tensors.set(x, origin);
    storages.set(x.storage, origin);
  };
  const originOf = (x: Tensor): Origin | null => tensors.get(x) ?? storages.get(x.storage) ?? null;
  const entered = (layer: Layer, place: number, x: Tensor): void => {
    const origin = originOf(x);
    at(
      at(inputs, layer, () => new Map<number, Set<Origin | null>>()),
      place,
      () => new Set<Origin | null>(),
    ).add(origin);
    if (origin !== null && origin !== 'argument') at(readers, origin, () => new Set<Layer>()).add(layer);
  };
  const left = (layer: Layer, place: number, x: Tensor): void => {
    at(outputs, layer, () => new Map<number, Shape>()).set(place, x.shape);
    remember(x, layer);
  };
  mapLeaves(args, true, (leaf) => leaf instanceof Tensor && remember(leaf, 'argument'));
  const places = layers.map((layer) => [layer, layer.inputQuantizers, layer.outputQuantizers] as const);
  for (const [layer, enter, leave] of places) {
    layer.inputQuantizers = enter.map((_slot, i) => new Probe((x) => entered(layer, i, x)));
    layer.outputQuantizers = leave.map((_slot, i) => new Probe((x) => left(layer, i, x)));
  }
  try {
    const result: unknown = evaluated(model, () => model.forward(...args));
    mapLeaves(result, true, (leaf) => {
      const origin = leaf instanceof Tensor ? originOf(leaf) : null;
      if (origin !== null && origin !== 'argument') results.add(origin);
    });
  } finally {
    for (const [layer, enter, leave] of places) {
      layer.inputQuantizers = enter;
      layer.outputQuantizers = leave;
    }
  }
  return { inputs, outputs, readers, results };
}
