import type { Tensor } from '@q/tensor';
import { checkKnown } from '@q/tensor/internal';
import type { Reduction, ReductionOptions } from '../functional/loss.js';
import { Module } from '../module.js';

/** Base of the losses: what becomes of the losses of a batch. */
export abstract class Loss extends Module {
  /** What becomes of the losses of a batch: their mean, their sum, or none. */
  reduction: Reduction;

  /** @param known names of the options that a subclass reads */
  constructor(options: ReductionOptions = {}, known: readonly string[] = []) {
    super();
    checkKnown(this.constructor.name, options, ['reduction', ...known]);
    this.reduction = options.reduction ?? 'mean';
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

  /** @param known names of the options that a subclass reads */
  constructor(options: WeightOptions = {}, known: readonly string[] = []) {
    super(options, ['weight', ...known]);
    this.weight = options.weight ?? null;
  }
}
