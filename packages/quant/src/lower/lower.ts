import { Identity, Module } from '@q/nn';
import { noGrad, Tensor, type Storage } from '@q/tensor';
import { checkInstance } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import { mapLeaves } from '../modules/forward.js';
import { replaced } from '../modules/model.js';
import { isQuantized } from '../modules/quantized-module.js';
import { QuantizerBase } from '../quantizers/quantizer.js';
import { NotOnIntegers, type IntegerLayer } from './layer.js';
import { LoweringReport, type LoweredLayer } from './report.js';
import { build, gather, unsetInputs } from './rules.js';

/** A model whose layers compute on integers, and what became of each of them. */
export interface Lowered<M extends Module> {
  /** The copy whose layers compute on integers. */
  readonly model: M;
  /** What became of each layer. */
  readonly report: LoweringReport;
}

/** One layer while a model is lowered. */
interface Candidate {
  readonly path: string;
  readonly simulated: Module;
  readonly layer: IntegerLayer;
}

/** Why a layer did not compute on integers in the run of the sample with these results, or null. */
function whyNot(layer: IntegerLayer, results: ReadonlySet<Storage>): string | null {
  if (layer.seen === null) return 'the sample did not reach it';
  return layer.seen.route === 'float' ? layer.seen.why : layer.objection(results);
}

/**
 * Gives a calibrated model integer layers: weights are quantized and packed once, and between these layers only integers pass.
 * The model itself stays as it is; the result is a copy without the float weights.
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
 * @throws QuantizationError for a model without quantized modules, or one that is not calibrated
 */
export function lowerToInteger<M extends Module>(model: M, sample: Tensor | readonly unknown[]): Lowered<M> {
  checkInstance('lowerToInteger', 'the model', model, Module);
  const inputs = Array.isArray(sample) ? (sample as readonly unknown[]) : [sample];
  const copy = model.clone().eval();
  const kept = new Map<string, LoweredLayer>();
  const candidates: Candidate[] = [];
  const order: string[] = [];
  for (const [path, module] of copy.namedModules()) {
    if (module instanceof QuantizerBase) continue;
    if (!isQuantized(module)) {
      if (module.children().length > 0 || module === copy || module instanceof Identity) continue;
      const known = order.some((other) => path.startsWith(`${other}.`));
      if (known) continue;
      order.push(path);
      kept.set(path, { path, kind: module.constructor.name, route: 'float', why: 'it is no quantized module' });
      continue;
    }
    order.push(path);
    const gathered = gather(module);
    if ('why' in gathered) {
      kept.set(path, { path, kind: module.constructor.name, route: 'float', why: gathered.why });
      continue;
    }
    const layer = build(gathered.parts);
    layer.path = path;
    layer.unset = unsetInputs(module);
    candidates.push({ path, simulated: module, layer });
  }
  if (candidates.length === 0 && ![...copy.modules()].some(isQuantized))
    throw new QuantizationError('lowerToInteger: the model has no quantized modules. Make them with toQuantized().');
  let root = replaced(copy, new Map(candidates.map(({ simulated, layer }) => [simulated, layer])));
  const active = new Map(candidates.map((candidate) => [candidate.layer, candidate]));
  const giveUp = ({ path, simulated, layer }: Candidate, why: string): void => {
    root = replaced(root, new Map([[layer, simulated]]));
    active.delete(layer);
    kept.set(path, { path, kind: simulated.constructor.name, route: 'float', why });
  };
  const results = new Set<Storage>();
  for (let settled = false; !settled;) {
    for (const { layer } of active.values()) layer.begin();
    results.clear();
    try {
      const y: unknown = noGrad(() => root.forward(...inputs));
      mapLeaves(y, true, (leaf) => leaf instanceof Tensor && results.add(leaf.storage));
    } catch (error) {
      const candidate = error instanceof NotOnIntegers ? active.get(error.layer) : undefined;
      if (candidate === undefined) throw error;
      giveUp(candidate, (error as NotOnIntegers).why);
      continue;
    }
    const floats = [...active.values()].flatMap((candidate) => {
      const why = whyNot(candidate.layer, results);
      return why === null ? [] : [[candidate, why] as const];
    });
    for (const [candidate, why] of floats) giveUp(candidate, why);
    settled = floats.length === 0;
  }
  for (const { path, layer } of active.values()) {
    const { route, why } = layer.seen!;
    layer.sealed = route;
    layer.settle(results);
    kept.set(path, { path, kind: layer.kind, route, why });
  }
  return { model: root as M, report: new LoweringReport(order.map((path) => kept.get(path)!)) };
}
