import type { Tensor } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import { l1Loss, mseLoss } from '../functional/loss.js';
import {
  gaussianNllLoss,
  huberLoss,
  klDiv,
  poissonNllLoss,
  smoothL1Loss,
  type DivergenceReduction,
  type GaussianNLLOptions,
  type HuberOptions,
  type KLDivOptions,
  type PoissonNLLOptions,
  type SmoothL1Options,
} from '../functional/regression-loss.js';
import { Module } from '../module.js';
import { Loss } from './loss.js';

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

/** Squared error where the difference is below `beta`, absolute error elsewhere; see `functional.smoothL1Loss`. */
export class SmoothL1Loss extends Loss {
  /** Where the square ends. */
  beta: number;

  constructor(options: SmoothL1Options = {}) {
    super(options);
    this.beta = options.beta ?? 1;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'beta'];
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this);
  }
}

/** Squared error where the difference is within `delta`, absolute error elsewhere; see `functional.huberLoss`. */
export class HuberLoss extends Loss {
  /** Where the square ends. */
  delta: number;

  constructor(options: HuberOptions = {}) {
    super(options);
    this.delta = options.delta ?? 1;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'delta'];
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this);
  }
}

/** Negative log-likelihood of counts under Poisson distributions; see `functional.poissonNllLoss`. */
export class PoissonNLLLoss extends Loss {
  /** Whether the input is the logarithm of the rate. */
  logInput: boolean;
  /** Whether Stirling's approximation of the constant part is added. */
  full: boolean;
  /** Added to the rate before its logarithm. */
  eps: number;

  constructor(options: PoissonNLLOptions = {}) {
    super(options);
    this.logInput = options.logInput ?? true;
    this.full = options.full ?? false;
    this.eps = options.eps ?? 1e-8;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'logInput', 'full', 'eps'];
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return poissonNllLoss(input, target, this);
  }
}

/** Negative log-likelihood of values under normal distributions; see `functional.gaussianNllLoss`. */
export class GaussianNLLLoss extends Loss {
  /** Whether the constant part is added. */
  full: boolean;
  /** Smallest variance. */
  eps: number;

  constructor(options: GaussianNLLOptions = {}) {
    super(options);
    this.full = options.full ?? false;
    this.eps = options.eps ?? 1e-6;
  }

  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'full', 'eps'];
  }

  forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    return gaussianNllLoss(input, target, variance, this);
  }
}

/** Kullback-Leibler divergence of a target from log-probabilities; see `functional.klDiv`. */
export class KLDivLoss extends Module {
  /** What becomes of the losses of a batch: their mean, their mean per sample, their sum, or none. */
  reduction: DivergenceReduction;
  /** Whether the target is given as logarithms too. */
  logTarget: boolean;

  constructor(options: KLDivOptions = {}) {
    const { reduction = 'mean', logTarget = false } = optionsOf('KLDivLoss', options, ['reduction', 'logTarget']);
    super();
    this.reduction = reduction;
    this.logTarget = logTarget;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, this);
  }
}
