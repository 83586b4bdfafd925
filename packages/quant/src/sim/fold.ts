import * as nn from '@q/nn';
import { noGrad, zeros, type Tensor } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import { checkInstance } from '../arguments.js';
import { replaced } from '../modules/model.js';
import { argumentsOf } from './graph.js';
import { isTransposed, pairsOf, type FoldedPair, type Norm, type Pair, type Product } from './pairs.js';

export type { FoldedPair } from './pairs.js';

/** Options of `foldAllBatchNorms`. */
export interface FoldOptions {
  /** The arguments of `forward`, or the only one: shows which batch norm follows which layer. */
  readonly dummyInput: Tensor | readonly unknown[];
}

/** What a batch norm makes of each channel: `(x - mean) * gain + shift`. */
interface Affine {
  readonly mean: Tensor;
  readonly gain: Tensor;
  readonly shift: Tensor;
}

/** What a batch norm computes in evaluation; null for one that goes by the batch. */
function affineOf({ weight, bias, runningMean, runningVar, eps }: Norm): Affine | null {
  if (!runningMean || !runningVar) return null;
  const spread = runningVar.add(eps).sqrt();
  return {
    mean: runningMean,
    gain: weight ? weight.div(spread) : spread.reciprocal(),
    shift: bias ?? zeros([runningMean.numel]),
  };
}

/** A factor for each output channel, as the weight of a layer broadcasts with it. */
function alongWeight(layer: Product, gain: Tensor): Tensor {
  const { weight } = layer;
  const inner = new Array<number>(weight.ndim - 2).fill(1);
  if (!isTransposed(layer)) return gain.reshape([-1, 1, ...inner]);
  // [in, out / groups, ...]: the inputs of a group lead to outputs of that group.
  const { groups } = layer;
  const [ins, outs] = weight.shape as readonly [number, number];
  return gain
    .reshape([groups, 1, outs])
    .expand([groups, ins / groups, outs])
    .reshape([ins, outs, ...inner]);
}

/** A pair with the parameters that give the layer the results of the batch norm. */
interface Folding extends Pair {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

function foldingOf(pair: Pair): Folding | null {
  const { layer, norm } = pair;
  const affine = affineOf(norm);
  if (affine === null) return null;
  const { mean, gain, shift } = affine;
  const bias = layer.bias ?? zeros([gain.numel], { dtype: layer.weight.dtype });
  return {
    ...pair,
    weight: layer.weight.mul(alongWeight(layer, gain)),
    bias: bias.sub(mean).mul(gain).add(shift),
  };
}

/** Gives a layer its parameters, those there are in place: optimizers that hold them go on. */
function settle({ layer, weight, bias }: Folding): void {
  layer.weight.copy_(weight);
  if (layer.bias) layer.bias.copy_(bias);
  else layer.bias = new nn.Parameter(bias.to(layer.weight.dtype));
}

/**
 * Folds batch norms into the linear layers and convolutions before them, in place: in inference both are one affine map, and integers
 * need no layer between. AIMET's `fold_all_batch_norms`. A batch norm is folded where it reads what one layer gives, as it is, and
 * nothing else sees that; it leaves an `Identity`. Running statistics are taken as they are.
 *
 * ```ts
 * foldAllBatchNorms(model.eval(), { dummyInput: images });
 * ```
 *
 * @returns the pairs that were folded
 * @throws ModuleError for layers without a quantized class; whatever the model throws for `dummyInput`; nothing is changed then
 */
export function foldAllBatchNorms(model: nn.Module, options: FoldOptions): readonly FoldedPair[] {
  const name = 'foldAllBatchNorms';
  checkInstance(name, 'the model', model, nn.Module);
  const args = argumentsOf(name, optionsOf(name, options ?? {}, ['dummyInput']).dummyInput);
  return noGrad(() => {
    const foldings = pairsOf(name, model, args).flatMap((pair) => foldingOf(pair) ?? []);
    foldings.forEach(settle);
    replaced(model, new Map(foldings.map(({ norm }) => [norm, new nn.Identity()])));
    return foldings.map(({ names }) => names);
  });
}
