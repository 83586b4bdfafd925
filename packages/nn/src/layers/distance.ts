import type { Tensor } from '@q/tensor';
import {
  cosineSimilarity,
  pairwiseDistance,
  type CosineSimilarityOptions,
  type PairwiseDistanceOptions,
} from '../functional/distance.js';
import { Module } from '../module.js';

/** Cosine of the angle between vectors along a dim. */
export class CosineSimilarity extends Module {
  dim: number;
  eps: number;

  constructor({ dim = 1, eps = 1e-8 }: CosineSimilarityOptions = {}) {
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
  p: number;
  eps: number;
  keepdim: boolean;

  constructor({ p = 2, eps = 1e-6, keepdim = false }: PairwiseDistanceOptions = {}) {
    super();
    this.p = p;
    this.eps = eps;
    this.keepdim = keepdim;
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, this);
  }
}
