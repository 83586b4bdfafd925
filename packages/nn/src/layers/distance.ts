import type { Tensor } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import {
  cosineSimilarity,
  pairwiseDistance,
  type CosineSimilarityOptions,
  type PairwiseDistanceOptions,
} from '../functional/distance.js';
import { Module } from '../module.js';

/** Cosine of the angle between vectors along a dim. */
export class CosineSimilarity extends Module {
  /** The dim along which vectors lie. */
  dim: number;
  /** Smallest norm that is divided by. */
  eps: number;

  constructor(options: CosineSimilarityOptions = {}) {
    const { dim = 1, eps = 1e-8 } = optionsOf('CosineSimilarity', options, ['dim', 'eps']);
    super();
    this.dim = dim;
    this.eps = eps;
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, this);
  }
}

/** Norm of the difference of vectors along the last dim. */
export class PairwiseDistance extends Module {
  /** Which norm. */
  p: number;
  /** Added to every difference. */
  eps: number;
  /** Whether the last dim stays, with size 1. */
  keepdim: boolean;

  constructor(options: PairwiseDistanceOptions = {}) {
    const { p = 2, eps = 1e-6, keepdim = false } = optionsOf('PairwiseDistance', options, ['p', 'eps', 'keepdim']);
    super();
    this.p = p;
    this.eps = eps;
    this.keepdim = keepdim;
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, this);
  }
}
