import { Identity, Module, ModuleDict, ModuleList, Sequential } from '@q/nn';
import { ArgumentError, isFloat, noGrad, Tensor } from '@q/tensor';
import { checkInstance } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import { nameOf } from '../modules/built-in.js';
import { mapLeaves } from '../modules/forward.js';
import { replaced } from '../modules/model.js';
import { isQuantized } from '../modules/quantized-module.js';
import { QuantizerBase } from '../quantizers/quantizer.js';
import { keepEvaluating } from './evaluation.js';
import { gather } from './gather.js';
import { IntegerLayer, NotOnIntegers } from './layer.js';
import { isFromIntegers } from './operands.js';
import { LoweringReport, type LoweredLayer } from './report.js';
import { classOf } from './rules.js';

/** A model whose layers compute on integers, and what became of each of them. */
export interface Lowered<M extends Module> {
  /** The copy whose layers compute on integers. */
  readonly model: M;
  /** What became of each layer. */
  readonly report: LoweringReport;
}

/** What computes nothing by itself, whether it holds modules or none. */
const idle = [Identity, Sequential, ModuleList, ModuleDict, QuantizerBase] as const;

/** The tensors in arguments or results. */
function tensorsOf(value: unknown): readonly Tensor[] {
  const tensors: Tensor[] = [];
  mapLeaves(value, true, (leaf) => leaf instanceof Tensor && tensors.push(leaf));
  return tensors;
}

/** The arguments of `forward` that a sample stands for. Throws ArgumentError for one that shows nothing. */
function inputsOf(sample: unknown): readonly unknown[] {
  const inputs: readonly unknown[] = Array.isArray(sample) ? sample : [sample];
  if (inputs.every((input) => input === undefined || input === null))
    throw new ArgumentError(
      'lowerToInteger: wants a sample, which is run to find out what reaches each layer. Give it what forward takes: lowerToInteger(model, images).',
    );
  const tensors = tensorsOf(inputs);
  if (tensors.length > 0 && tensors.every(({ numel }) => numel === 0))
    throw new ArgumentError('lowerToInteger: the sample is empty. Give it some rows of calibration data.');
  if (tensors.some((x) => isFloat(x.dtype) && x.isnan().any().item()))
    throw new ArgumentError(
      'lowerToInteger: the sample has NaN in it, which no integer stands for. Give it other data.',
    );
  return inputs;
}

/** A calibrated model while its layers become integer ones. */
class Lowering {
  /** What became of each layer, in the order of the model. */
  private readonly layers = new Map<string, LoweredLayer>();
  /** The integer layers, and the simulated ones they stand for. */
  private readonly active = new Map<IntegerLayer, Module>();

  constructor(private root: Module) {
    for (const [path, module] of root.namedModules()) this.add(path, module);
    this.root = replaced(root, new Map([...this.active].map(([layer, simulated]) => [simulated, layer])));
  }

  /** Makes an integer layer of a module, or notes why there is none; what belongs to a layer, or only holds others, is none. */
  private add(path: string, module: Module): void {
    if (isQuantized(module)) {
      const layer = gather(path, module);
      // Holds the place in the report's order until the sample has shown how the layer computes.
      this.keep(path, module, layer instanceof IntegerLayer ? '' : layer.why);
      if (layer instanceof IntegerLayer) this.active.set(layer, module);
      return;
    }
    const none = module === this.root || idle.some((type) => module instanceof type);
    if (none || module.children().length > 0) return;
    const inside = [...this.layers.keys()].some((layer) => path.startsWith(`${layer}.`));
    if (!inside) this.keep(path, module, 'it is no quantized module');
  }

  /** Leaves a module as it is. */
  private keep(path: string, module: Module, why: string): void {
    this.layers.set(path, { path, kind: nameOf(classOf(module)), route: 'float', why });
  }

  private giveUp(layer: IntegerLayer, simulated: Module, why: string): void {
    this.root = replaced(this.root, new Map([[layer, simulated]]));
    this.active.delete(layer);
    this.keep(layer.path, simulated, why);
  }

  /** Runs the sample once and gives up layers that cannot compute on integers. Returns the results, or null where there were some. */
  private run(inputs: readonly unknown[]): readonly Tensor[] | null {
    const given = new Set(tensorsOf(inputs).map(({ storage }) => storage));
    for (const layer of this.active.keys()) layer.begin(given);
    let tensors: readonly Tensor[];
    try {
      tensors = tensorsOf(noGrad(() => this.root.forward(...inputs)));
    } catch (error) {
      const simulated = error instanceof NotOnIntegers ? this.active.get(error.layer) : undefined;
      if (!(error instanceof NotOnIntegers) || simulated === undefined) throw error;
      this.giveUp(error.layer, simulated, error.why);
      return null;
    }
    const results = new Set(tensors.map(({ storage }) => storage));
    const objections = [...this.active].map(([layer, simulated]) => ({
      layer,
      simulated,
      why: layer.objection(results),
    }));
    for (const { layer, simulated, why } of objections) if (why !== null) this.giveUp(layer, simulated, why);
    return objections.every(({ why }) => why === null) ? tensors : null;
  }

  /** Runs the sample until all integer layers that are left compute on integers, as they must from then on. */
  settle(inputs: readonly unknown[]): Lowered<Module> {
    let tensors = this.run(inputs);
    while (tensors === null) tensors = this.run(inputs);
    const results = new Set(tensors.map(({ storage }) => storage));
    for (const layer of this.active.keys()) {
      const { path, kind } = layer;
      this.layers.set(path, { path, kind, ...layer.settle(results) });
    }
    const isFromFloats = tensors.some((x) => isFloat(x.dtype) && !isFromIntegers(x));
    const report = new LoweringReport([...this.layers.values()], isFromFloats ? 'float' : 'integer');
    return { model: keepEvaluating(this.root), report };
  }
}

/**
 * Gives a calibrated model integer layers: weights are quantized and packed once, and between these layers only integers pass.
 * The model itself stays as it is; the result is a copy without the float weights, which stays in evaluation.
 *
 * The copy runs once on `sample` (the arguments of `forward`, or the only one), which shows what reaches each layer. Layers that
 * cannot compute on integers remain fake-quantized, and the report says which and why. Later calls must reach the layers in the
 * same way: a layer that would have to compute with floats where it did not throws a QuantizationError.
 *
 * ```ts
 * const { model: integer, report } = lowerToInteger(model, images);
 * console.log(String(report));
 * ```
 *
 * @throws QuantizationError for a model without quantized modules, or one that is not calibrated; ArgumentError without a sample, and
 * for one that is empty or has NaN in it
 */
export function lowerToInteger<M extends Module>(model: M, sample: Tensor | readonly unknown[]): Lowered<M> {
  checkInstance('lowerToInteger', 'the model', model, Module);
  if (!model.modules().some(isQuantized))
    throw new QuantizationError('lowerToInteger: the model has no quantized modules. Make them with toQuantized().');
  const inputs = inputsOf(sample);
  const { model: root, report } = new Lowering(model.clone().eval()).settle(inputs);
  // What is no layer itself keeps its class; an integer layer is called as the layer it stands for.
  return { model: root as M, report };
}
