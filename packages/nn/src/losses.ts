import type { Tensor } from '@q/tensor';
import {
  crossEntropy,
  l1Loss,
  mseLoss,
  nllLoss,
  type CrossEntropyOptions,
  type NLLOptions,
  type Reduction,
  type ReductionOptions,
} from './functional/loss.js';
import { Module } from './module.js';

/** Base of the losses: what becomes of the losses of a batch. */
export abstract class Loss extends Module {
  reduction: Reduction;

  constructor({ reduction = 'mean' }: ReductionOptions = {}) {
    super();
    this.reduction = reduction;
  }
}

/** Mean squared error: `(input - target)^2`. */
export class MSELoss extends Loss {
  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this);
  }
}

/** Mean absolute error: `|input - target|`. */
export class L1Loss extends Loss {
  forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this);
  }
}

/** Negative log-likelihood of class indices under log-probabilities; see `functional.nllLoss`. */
export class NLLLoss extends Loss {
  weight: Tensor | null;
  ignoreIndex: number;

  constructor(options: NLLOptions = {}) {
    super(options);
    this.weight = options.weight ?? null;
    this.ignoreIndex = options.ignoreIndex ?? -100;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return nllLoss(input, target, this);
  }
}

/**
 * Cross entropy of logits `[N, C, ...]` with class indices `[N, ...]` or class probabilities `[N, C, ...]`; see
 * `functional.crossEntropy`.
 *
 * @example
 * const loss = new CrossEntropyLoss({ labelSmoothing: 0.1 }).forward(model.forward(x), labels);
 */
export class CrossEntropyLoss extends NLLLoss {
  labelSmoothing: number;

  constructor(options: CrossEntropyOptions = {}) {
    super(options);
    this.labelSmoothing = options.labelSmoothing ?? 0;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, this);
  }
}
