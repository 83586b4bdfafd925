import type { Tensor } from '@q/tensor';
import {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  multilabelMarginLoss,
  multiMarginLoss,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
  type MarginOptions,
  type MultiMarginOptions,
  type TripletDistanceOptions,
  type TripletOptions,
} from '../functional/margin-loss.js';
import { Loss, WeightedLoss } from './loss.js';

/** Wants `input1` above (target 1) or below (-1) `input2` by a margin; see `functional.marginRankingLoss`. */
export class MarginRankingLoss extends Loss {
  /** By how much one must exceed the other. */
  margin: number;

  constructor(options: MarginOptions = {}) {
    super(options);
    this.margin = options.margin ?? 0;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'margin'];
  }

  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return marginRankingLoss(input1, input2, target, this);
  }
}

/** Wants a distance to be small (target 1) or above a margin (-1); see `functional.hingeEmbeddingLoss`. */
export class HingeEmbeddingLoss extends Loss {
  /** Distance from which dissimilar pairs cost nothing. */
  margin: number;

  constructor(options: MarginOptions = {}) {
    super(options);
    this.margin = options.margin ?? 1;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'margin'];
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return hingeEmbeddingLoss(input, target, this);
  }
}

/** Wants vectors to point the same way (target 1) or not (-1); see `functional.cosineEmbeddingLoss`. */
export class CosineEmbeddingLoss extends Loss {
  /** Similarity up to which dissimilar pairs cost nothing. */
  margin: number;

  constructor(options: MarginOptions = {}) {
    super(options);
    this.margin = options.margin ?? 0;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'margin'];
  }

  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return cosineEmbeddingLoss(input1, input2, target, this);
  }
}

/** Hinge loss of one class per sample; see `functional.multiMarginLoss`. */
export class MultiMarginLoss extends WeightedLoss {
  /** Exponent of the hinge, 1 or 2. */
  p: number;
  /** By how much the right class must exceed the others. */
  margin: number;

  constructor(options: MultiMarginOptions = {}) {
    super(options);
    this.p = options.p ?? 1;
    this.margin = options.margin ?? 1;
  }

  /** Names of the options that the class takes. */
  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'p', 'margin'];
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return multiMarginLoss(input, target, this);
  }
}

/** Hinge loss of several classes per sample; see `functional.multilabelMarginLoss`. */
export class MultiLabelMarginLoss extends Loss {
  forward(input: Tensor, target: Tensor): Tensor {
    return multilabelMarginLoss(input, target, this);
  }
}

/** Wants an anchor nearer to a positive than to a negative example; see `functional.tripletMarginLoss`. */
export class TripletMarginLoss extends Loss {
  /** By how much the negative example must be farther away. */
  margin: number;
  /** Which norm measures distances. */
  p: number;
  /** Added to every difference. */
  eps: number;
  /** Whether the distance of positive and negative counts where it is smaller. */
  swap: boolean;

  constructor(options: TripletOptions = {}) {
    super(options);
    this.margin = options.margin ?? 1;
    this.p = options.p ?? 2;
    this.eps = options.eps ?? 1e-6;
    this.swap = options.swap ?? false;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'margin', 'p', 'eps', 'swap'];
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginLoss(anchor, positive, negative, this);
  }
}

/** `TripletMarginLoss` with a distance of your own; see `functional.tripletMarginWithDistanceLoss`. */
export class TripletMarginWithDistanceLoss extends Loss {
  /** Distance of two batches of vectors; null for the Euclidean one. */
  distanceFunction: ((x1: Tensor, x2: Tensor) => Tensor) | null;
  /** By how much the negative example must be farther away. */
  margin: number;
  /** Whether the distance of positive and negative counts where it is smaller. */
  swap: boolean;

  constructor(options: TripletDistanceOptions = {}) {
    super(options);
    this.distanceFunction = options.distanceFunction ?? null;
    this.margin = options.margin ?? 1;
    this.swap = options.swap ?? false;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'distanceFunction', 'margin', 'swap'];
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginWithDistanceLoss(anchor, positive, negative, this);
  }
}
