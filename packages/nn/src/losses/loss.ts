import type { Tensor } from '@q/tensor';
import { checkKnown } from '@q/tensor/internal';
import type { Reduction, ReductionOptions } from '../functional/loss.js';
import { Module } from '../module.js';

/** Base of the losses: what becomes of the losses of a batch. */
export abstract class Loss extends Module {
  /** What becomes of the losses of a batch: their mean, their sum, or none. */
  reduction: Reduction;

  constructor(options: ReductionOptions = {}) {
    super();
    checkKnown(this.constructor.name, options, this.optionNames);
    this.reduction = options.reduction ?? 'mean';
  }

  /** Names of the options that the class takes: a subclass puts its own behind those of `super`. */
  protected get optionNames(): readonly string[] {
    return ['reduction'];
  }
}

/** Options of the losses with a factor per class or element. */
export interface WeightOptions extends ReductionOptions {
  /** Factor per class or element; null for 1. Default: null. */
  readonly weight?: Tensor | null;
}

/** Base of the losses with a factor per class or element. */
export abstract class WeightedLoss extends Loss {
  /** Factor per class or element, or null. */
  weight: Tensor | null;

  constructor(options: WeightOptions = {}) {
    super(options);
    this.weight = options.weight ?? null;
  }

  /** Names of the options that the class takes. */
  protected override get optionNames(): readonly string[] {
    return [...super.optionNames, 'weight'];
  }
}
