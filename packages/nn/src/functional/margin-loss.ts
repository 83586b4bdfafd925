import { DTypeError, IndexError, isInt, ShapeError, shown, type Tensor } from '@q/tensor';
import {
  checkBoolean,
  checkChoice,
  checkFunction,
  checkOptionalTensor,
  checkTensor,
  checkTensors,
  optionsOf,
  sameShape,
} from '@q/tensor/internal';
import { pairwiseDistance } from './distance.js';
import { reduced, type ReductionOptions } from './loss.js';

/** Options of the losses that compare with a margin. */
export interface MarginOptions extends ReductionOptions {
  /** Default: 0 for `marginRankingLoss` and `cosineEmbeddingLoss`, 1 for the others. */
  readonly margin?: number;
}

/** `max(0, -target (input1 - input2) + margin)`: target 1 wants `input1` to be the larger one, -1 `input2`. */
export function marginRankingLoss(input1: Tensor, input2: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const { margin = 0, reduction = 'mean' } = optionsOf('marginRankingLoss', options, ['margin', 'reduction']);
  checkTensors('marginRankingLoss', { input1, input2, target });
  if (input1.ndim !== input2.ndim || input1.ndim !== target.ndim)
    throw new ShapeError(
      `marginRankingLoss: inputs and target must have one rank, got ${shown(input1.shape)}, ${shown(input2.shape)} and ${shown(target.shape)}.`,
    );
  const losses = target.neg().mul(input1.sub(input2)).add(margin).clamp({ min: 0 });
  return reduced('marginRankingLoss', losses, reduction);
}

/** `input` where the target is 1, `max(0, margin - input)` where it is -1. */
export function hingeEmbeddingLoss(input: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const { margin = 1, reduction = 'mean' } = optionsOf('hingeEmbeddingLoss', options, ['margin', 'reduction']);
  checkTensors('hingeEmbeddingLoss', { input, target });
  const apart = input.rsub(margin).clamp({ min: 0 }).where(target.ne(1), 0);
  return reduced('hingeEmbeddingLoss', apart.add(input.where(target.ne(-1), 0)), reduction);
}

/**
 * `1 - cos(input1, input2)` where the target is 1, `max(0, cos(input1, input2) - margin)` where it is -1, for `[N, D]` and
 * targets `[N]`, or `[D]` and a 0-d target.
 */
export function cosineEmbeddingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor,
  options: MarginOptions = {},
): Tensor {
  const { margin = 0, reduction = 'mean' } = optionsOf('cosineEmbeddingLoss', options, ['margin', 'reduction']);
  checkTensors('cosineEmbeddingLoss', { input1, input2, target });
  if (target.ndim > 1 || input1.ndim !== target.ndim + 1 || input2.ndim !== target.ndim + 1)
    throw new ShapeError(
      `cosineEmbeddingLoss: wants [N, D], [N, D] and targets [N], or [D], [D] and one target; got ${shown(input1.shape)}, ${shown(input2.shape)} and ${shown(target.shape)}.`,
    );
  const inner = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum(-1);
  // PyTorch's guard against the norm 0, added to the squares.
  const eps = 1e-12;
  const norms = inner(input1, input1).add(eps).mul(inner(input2, input2).add(eps)).sqrt();
  const cosine = inner(input1, input2).div(norms);
  const losses = cosine
    .rsub(1)
    .where(target.eq(1), 0)
    .add(cosine.sub(margin).clamp({ min: 0 }).where(target.eq(-1), 0));
  return reduced('cosineEmbeddingLoss', losses, reduction);
}

/** `[N, C]` from `[N, C]` or `[C]`. */
function rows(loss: string, input: Tensor): Tensor {
  checkTensor(loss, 'input', input);
  if (input.ndim < 1 || input.ndim > 2 || input.shape.at(-1) === 0)
    throw new ShapeError(`${loss}: wants [N, C] or [C], got shape ${shown(input.shape)}.`);
  return input.ndim === 1 ? input.unsqueeze(0) : input;
}

/** Throws unless `target` holds integers of at least `least` and below `classes`. */
function checkClasses(loss: string, target: Tensor, least: number, classes: number): void {
  if (!isInt(target.dtype)) throw new DTypeError(`${loss}: the target must hold integers, got ${target.dtype}.`);
  const outside = target.lt(least).logicalOr(target.ge(classes));
  if (outside.any().item() !== 0)
    throw new IndexError(`${loss}: a target is no class of ${classes}${least < 0 ? ' and not -1' : ''}.`);
}

/** Options of `multiMarginLoss`. */
export interface MultiMarginOptions extends MarginOptions {
  /** Exponent, 1 or 2. Default: 1. */
  readonly p?: number;
  /** Factor of every class, `[C]`. */
  readonly weight?: Tensor | null;
}

/**
 * `mean over classes i of max(0, margin - input[target] + input[i])^p`, the target's own class left out of the sum: for
 * `[N, C]` and class indices `[N]`, or `[C]` and one index.
 *
 * @throws IndexError for a target outside C
 */
export function multiMarginLoss(input: Tensor, target: Tensor, options: MultiMarginOptions = {}): Tensor {
  const {
    p = 1,
    margin = 1,
    weight = null,
    reduction = 'mean',
  } = optionsOf('multiMarginLoss', options, ['p', 'weight', 'margin', 'reduction']);
  checkChoice('multiMarginLoss', 'p', p, [1, 2]);
  checkTensor('multiMarginLoss', 'target', target);
  checkOptionalTensor('multiMarginLoss', 'weight', weight);
  const x = rows('multiMarginLoss', input);
  const [samples, classes] = x.shape as [number, number];
  if (target.numel !== samples || target.ndim > 1)
    throw new ShapeError(
      `multiMarginLoss: wants one class per sample, [${samples}], got a target of shape ${shown(target.shape)}.`,
    );
  if (weight && !sameShape(weight.shape, [classes]))
    throw new ShapeError(`multiMarginLoss: weight must be [${classes}], one per class, got ${shown(weight.shape)}.`);
  checkClasses('multiMarginLoss', target, 0, classes);
  const own = target.reshape([samples, 1]).to('int32');
  const excess = x.sub(x.gather(1, own)).add(margin).relu();
  const powers = p === 1 ? excess : excess.mul(excess);
  const others = powers.mul(own.reshape([samples]).oneHot(classes).rsub(1));
  const weighted = weight ? others.mul(weight.indexSelect(0, own.reshape([samples])).unsqueeze(1)) : others;
  const losses = weighted.sum(1).div(classes);
  return reduced('multiMarginLoss', losses.reshape(target.shape), reduction);
}

/**
 * `sum over target classes j and other classes i of max(0, 1 - input[j] + input[i]) / C`, for `[N, C]` or `[C]` and class
 * indices of the same shape, of which those before the first -1 count.
 *
 * @throws IndexError for a target that is neither a class nor -1
 */
export function multilabelMarginLoss(input: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  const { reduction = 'mean' } = optionsOf('multilabelMarginLoss', options, ['reduction']);
  const x = rows('multilabelMarginLoss', input);
  checkTensor('multilabelMarginLoss', 'target', target);
  if (!sameShape(input.shape, target.shape))
    throw new ShapeError(
      `multilabelMarginLoss: the target must have the shape of the input, ${shown(input.shape)}, got ${shown(target.shape)}.`,
    );
  const classes = x.shape[1]!;
  checkClasses('multilabelMarginLoss', target, -1, classes);
  const labels = rows('multilabelMarginLoss', target).to('int32');
  const counts = labels.ge(0).to('int32').cumprod(1).to('int32');
  const indices = labels.clamp({ min: 0 });
  const isTarget = x.detach().zerosLike().scatterAdd(1, indices, counts.to(x.dtype)).gt(0);
  // [N, target, class]: what the class lacks to be 1 below the target.
  const excess = x.gather(1, indices).rsub(1).unsqueeze(2).add(x.unsqueeze(1)).relu();
  const losses = excess.mul(counts.unsqueeze(2)).maskedFill(isTarget.unsqueeze(1), 0).sum([1, 2]).div(classes);
  return reduced('multilabelMarginLoss', input.ndim === 1 ? losses.squeeze(0) : losses, reduction);
}

/** Options of `tripletMarginWithDistanceLoss`. */
export interface TripletDistanceOptions extends MarginOptions {
  /** Distance of two tensors, one number per vector. Default: `pairwiseDistance`. */
  readonly distanceFunction?: ((x1: Tensor, x2: Tensor) => Tensor) | null;
  /** Whether the distance of the negative is that to the positive where that is smaller. Default: false. */
  readonly swap?: boolean;
}

/** The loss under the name that a user called. */
function triplet(
  operation: string,
  [anchor, positive, negative]: readonly [Tensor, Tensor, Tensor],
  distance: (x1: Tensor, x2: Tensor) => Tensor,
  { margin = 1, swap = false, reduction = 'mean' }: Omit<TripletDistanceOptions, 'distanceFunction'>,
): Tensor {
  checkTensors(operation, { anchor, positive, negative });
  checkBoolean(operation, 'swap', swap);
  if (anchor.ndim !== positive.ndim || anchor.ndim !== negative.ndim)
    throw new ShapeError(
      `${operation}: anchor, positive and negative must have one rank, got ${shown(anchor.shape)}, ${shown(positive.shape)} and ${shown(negative.shape)}.`,
    );
  const near = distance(anchor, positive);
  const direct = distance(anchor, negative);
  checkTensors(operation, { 'a distance': near, 'the other distance': direct });
  const far = swap ? direct.minimum(distance(positive, negative)) : direct;
  return reduced(operation, near.sub(far).add(margin).clamp({ min: 0 }), reduction);
}

/** `max(0, d(anchor, positive) - d(anchor, negative) + margin)` with a distance of your own. */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletDistanceOptions = {},
): Tensor {
  const operation = 'tripletMarginWithDistanceLoss';
  const { distanceFunction, ...rest } = optionsOf(operation, options, [
    'distanceFunction',
    'swap',
    'margin',
    'reduction',
  ]);
  const distance = distanceFunction ?? ((x1: Tensor, x2: Tensor): Tensor => pairwiseDistance(x1, x2));
  checkFunction(operation, distance);
  return triplet(operation, [anchor, positive, negative], distance, rest);
}

/** Options of `tripletMarginLoss`. */
export interface TripletOptions extends MarginOptions {
  /** Which norm. Default: 2. */
  readonly p?: number;
  /** Added to every difference. Default: 1e-6. */
  readonly eps?: number;
  /** Whether the distance of the negative is that to the positive where that is smaller. Default: false. */
  readonly swap?: boolean;
}

/** `max(0, |anchor - positive| - |anchor - negative| + margin)` over the last dim (Balntas et al., 2016). */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletOptions = {},
): Tensor {
  const known = ['p', 'eps', 'swap', 'margin', 'reduction'] as const;
  const { p = 2, eps = 1e-6, ...rest } = optionsOf('tripletMarginLoss', options, known);
  const distance = (x1: Tensor, x2: Tensor): Tensor => pairwiseDistance(x1, x2, { p, eps });
  return triplet('tripletMarginLoss', [anchor, positive, negative], distance, rest);
}
