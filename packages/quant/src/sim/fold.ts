import * as nn from '@q/nn';
import { noGrad, zeros, type Tensor } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import { checkInstance } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import { replaced, toQuantized } from '../modules/model.js';
import { definitionOf, isQuantized } from '../modules/quantized-module.js';
import { argumentsOf, trace, type Layer } from './graph.js';
import { namedLayers } from './encodings.js';

type Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d;
type Transposed = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d;
type Product = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d | Transposed;

const norms: readonly unknown[] = [nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d];
const transposed: readonly unknown[] = [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d];
const products: readonly unknown[] = [nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, ...transposed];

/** A layer and the batch norm that it took up, by name. */
export interface FoldedPair {
  /** Name of the layer. */
  readonly layer: string;
  /** Name of the batch norm, where an `Identity` stands now. */
  readonly norm: string;
}

/** Options of `foldAllBatchNorms`. */
export interface FoldOptions {
  /** The arguments of `forward`, or the only one: shows which batch norm follows which layer. */
  readonly dummyInput: Tensor | readonly unknown[];
}

const isExactly = (module: nn.Module, types: readonly unknown[]): boolean => types.includes(module.constructor);

/** The names of layers and of the batch norms that alone read them, each of which reads nothing else. */
function pairsOf(model: nn.Module, dummyInput: Tensor | readonly unknown[]): FoldedPair[] {
  const copy = toQuantized(model.clone());
  const layers = namedLayers(copy, (module): module is Layer => isQuantized(module));
  const only = layers.map(([, layer]) => layer);
  const { inputs, outputs, readers, results } = trace(copy, only, argumentsOf(dummyInput));
  const names = new Map(layers.map(([name, layer]) => [layer, name]));
  const kindOf = (layer: Layer): unknown => definitionOf(layer)!.float;
  return only.flatMap((layer) => {
    const [norm, ...others] = readers.get(layer) ?? [];
    if (norm === undefined || others.length > 0 || results.has(layer)) return [];
    if (!products.includes(kindOf(layer)) || !norms.includes(kindOf(norm))) return [];
    // A batch norm of [n, length, channels] counts along the length, where a linear layer has its channels last.
    const isLinear = kindOf(layer) === nn.Linear;
    if (isLinear && outputs.get(layer)?.get(0)?.length !== 2) return [];
    const origins = [...(inputs.get(norm)?.values() ?? [])].flatMap((set) => [...set]);
    return origins.length === 1 ? [{ layer: names.get(layer)!, norm: names.get(norm)! }] : [];
  });
}

/** What the batch norm makes of each channel: `x * gain + shift`. */
function affineOf({
  weight,
  bias,
  runningMean,
  runningVar,
  eps,
}: Norm): { readonly gain: Tensor; readonly shift: Tensor } | null {
  if (!runningMean || !runningVar) return null;
  const spread = runningVar.add(eps).sqrt();
  return { gain: weight ? weight.div(spread) : spread.reciprocal(), shift: bias ?? zeros([runningMean.numel]) };
}

/** A factor for each output channel, as the weight of a layer broadcasts with it. */
function alongWeight(layer: Product, gain: Tensor): Tensor {
  const { weight } = layer;
  const inner = new Array<number>(weight.ndim - 2).fill(1);
  if (!isExactly(layer, transposed)) return gain.reshape([-1, 1, ...inner]);
  // [in, out / groups, ...]: the inputs of a group lead to outputs of that group.
  const { groups } = layer as Transposed;
  const [ins, outs] = weight.shape as readonly [number, number];
  return gain
    .reshape([groups, 1, outs])
    .expand([groups, ins / groups, outs])
    .reshape([ins, outs, ...inner]);
}

/** Gives a layer the results of the batch norm behind it. */
function fold(layer: Product, norm: Norm): boolean {
  const affine = affineOf(norm);
  if (affine === null) return false;
  const { gain, shift } = affine;
  layer.weight.mul_(alongWeight(layer, gain));
  const bias = layer.bias ?? new nn.Parameter(zeros([gain.numel], { dtype: layer.weight.dtype }));
  bias.sub_(norm.runningMean!).mul_(gain).add_(shift);
  layer.bias = bias;
  return true;
}

/** Parameters that more than one module holds. */
function sharedParameters(model: nn.Module): ReadonlySet<unknown> {
  const [seen, shared] = [new Set<unknown>(), new Set<unknown>()];
  for (const module of model.modules())
    for (const { kind, value } of nn.slots(module))
      if (kind === 'parameter') (seen.has(value) ? shared : seen).add(value);
  return shared;
}

/**
 * Folds batch norms into the linear layers and convolutions before them, in place: in inference both are one affine map, and integers
 * need no layer between. AIMET's `fold_all_batch_norms`. A batch norm is folded where it alone reads its layer; it leaves an
 * `Identity`. Running statistics are taken as they are.
 *
 * ```ts
 * foldAllBatchNorms(model.eval(), { dummyInput: images });
 * ```
 *
 * @returns the pairs that were folded
 * @throws ModuleError for layers without a quantized class; whatever the model throws for `dummyInput`
 */
export function foldAllBatchNorms(model: nn.Module, options: FoldOptions): readonly FoldedPair[] {
  const name = 'foldAllBatchNorms';
  checkInstance(name, 'the model', model, nn.Module);
  const { dummyInput } = optionsOf(name, options);
  if (dummyInput === undefined)
    throw new QuantizationError(`${name}: wants { dummyInput }, which shows which layers follow each other.`);
  const shared = sharedParameters(model);
  const modules = new Map(model.namedModules());
  const by = new Map<nn.Module, nn.Module>();
  const folded = noGrad(() =>
    pairsOf(model, dummyInput).filter((pair) => {
      const [layer, norm] = [modules.get(pair.layer) as Product, modules.get(pair.norm) as Norm];
      if (shared.has(layer.weight) || shared.has(layer.bias) || !fold(layer, norm)) return false;
      by.set(norm, new nn.Identity());
      return true;
    }),
  );
  replaced(model, by);
  return folded;
}
