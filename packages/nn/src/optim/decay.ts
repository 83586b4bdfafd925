import { ArgumentError } from '@q/tensor';
import { checkFunction, checkIntegers, checkNumber, optionsOf } from '@q/tensor/internal';
import { checkCount, checkSetting, LRScheduler, type Scheduled, type ScheduledGroup } from './scheduler.js';

/** Multiplies the rate by `gamma` every `stepSize` epochs. */
export class StepLR extends LRScheduler {
  /** Epochs between two decays. */
  readonly stepSize: number;
  /** Factor of a decay. */
  readonly gamma: number;

  constructor(optimizer: Scheduled, stepSize: number, options: { readonly gamma?: number } = {}) {
    const { gamma = 0.1 } = optionsOf('StepLR', options, ['gamma']);
    super(optimizer);
    checkSetting('StepLR', 'gamma', gamma);
    checkCount('StepLR', 'stepSize', stepSize);
    this.stepSize = stepSize;
    this.gamma = gamma;
    this.start();
  }

  protected override lrOf({ lr }: ScheduledGroup): number {
    return this.lastEpoch > 0 && this.lastEpoch % this.stepSize === 0 ? lr * this.gamma : lr;
  }
}

/** Multiplies the rate by `gamma` at every milestone. */
export class MultiStepLR extends LRScheduler {
  /** Epochs at which the rate decays. */
  readonly milestones: readonly number[];
  /** Factor of a decay. */
  readonly gamma: number;

  constructor(optimizer: Scheduled, milestones: readonly number[], options: { readonly gamma?: number } = {}) {
    const { gamma = 0.1 } = optionsOf('MultiStepLR', options, ['gamma']);
    super(optimizer);
    checkSetting('MultiStepLR', 'gamma', gamma);
    checkIntegers('MultiStepLR', 'milestones', milestones);
    this.milestones = [...milestones];
    this.gamma = gamma;
    this.start();
  }

  protected override lrOf({ lr }: ScheduledGroup): number {
    return lr * this.gamma ** this.milestones.filter((milestone) => milestone === this.lastEpoch).length;
  }
}

/** Multiplies the rate by `gamma` every epoch. */
export class ExponentialLR extends LRScheduler {
  /** Factor of every epoch. */
  readonly gamma: number;

  constructor(optimizer: Scheduled, gamma: number) {
    super(optimizer);
    checkSetting('ExponentialLR', 'gamma', gamma);
    this.gamma = gamma;
    this.start();
  }

  protected override lrOf({ lr }: ScheduledGroup): number {
    return this.lastEpoch > 0 ? lr * this.gamma : lr;
  }
}

/** Options of `ConstantLR`. */
export interface ConstantLROptions {
  /** Factor of the rate until `totalIters`. Default: 1/3. */
  readonly factor?: number;
  /** Epochs until the factor ends. Default: 5. */
  readonly totalIters?: number;
}

/** Multiplies the rate by `factor` until `totalIters`. */
export class ConstantLR extends LRScheduler {
  /** Factor of the rate until `totalIters`. */
  readonly factor: number;
  /** Epochs until the factor ends. */
  readonly totalIters: number;

  constructor(optimizer: Scheduled, options: ConstantLROptions = {}) {
    const { factor = 1 / 3, totalIters = 5 } = optionsOf('ConstantLR', options, ['factor', 'totalIters']);
    super(optimizer);
    checkNumber('ConstantLR', 'factor', factor, 0, 1);
    if (factor === 0) throw new ArgumentError('ConstantLR: factor must be above 0 and at most 1, got 0.');
    checkSetting('ConstantLR', 'totalIters', totalIters);
    this.factor = factor;
    this.totalIters = totalIters;
    this.start();
  }

  protected override lrOf({ lr }: ScheduledGroup): number {
    if (this.lastEpoch === 0) return lr * this.factor;
    return this.lastEpoch === this.totalIters ? lr / this.factor : lr;
  }
}

/** Options of `LinearLR`. */
export interface LinearLROptions {
  /** Factor of the rate at the start. Default: 1/3. */
  readonly startFactor?: number;
  /** Factor of the rate at the end. Default: 1. */
  readonly endFactor?: number;
  /** Epochs from one to the other. Default: 5. */
  readonly totalIters?: number;
}

/** Multiplies the rate by a factor that goes linearly from `startFactor` to `endFactor`. */
export class LinearLR extends LRScheduler {
  /** Factor of the rate at the start. */
  readonly startFactor: number;
  /** Factor of the rate at the end. */
  readonly endFactor: number;
  /** Epochs from one to the other. */
  readonly totalIters: number;

  constructor(optimizer: Scheduled, options: LinearLROptions = {}) {
    const {
      startFactor = 1 / 3,
      endFactor = 1,
      totalIters = 5,
    } = optionsOf('LinearLR', options, ['startFactor', 'endFactor', 'totalIters']);
    super(optimizer);
    checkNumber('LinearLR', 'startFactor', startFactor, 0, 1);
    if (startFactor === 0) throw new ArgumentError('LinearLR: startFactor must be above 0 and at most 1, got 0.');
    checkNumber('LinearLR', 'endFactor', endFactor, 0, 1);
    checkSetting('LinearLR', 'totalIters', totalIters);
    this.startFactor = startFactor;
    this.endFactor = endFactor;
    this.totalIters = totalIters;
    this.start();
  }

  protected override lrOf({ lr }: ScheduledGroup): number {
    const { startFactor, endFactor, totalIters, lastEpoch } = this;
    if (lastEpoch === 0) return lr * startFactor;
    if (lastEpoch > totalIters) return lr;
    const change = endFactor - startFactor;
    // Rounding takes the end of a fall to 0 below it, where no optimizer goes.
    return lr * Math.max(0, 1 + change / (totalIters * startFactor + (lastEpoch - 1) * change));
  }
}

/** Options of `PolynomialLR`. */
export interface PolynomialLROptions {
  /** Epochs until the rate is 0. Default: 5. */
  readonly totalIters?: number;
  /** Exponent of the decay. Default: 1. */
  readonly power?: number;
}

/** Rate times `(1 - epoch / totalIters) ** power`. */
export class PolynomialLR extends LRScheduler {
  /** Epochs until the rate is 0. */
  readonly totalIters: number;
  /** Exponent of the decay. */
  readonly power: number;

  constructor(optimizer: Scheduled, options: PolynomialLROptions = {}) {
    const { totalIters = 5, power = 1 } = optionsOf('PolynomialLR', options, ['totalIters', 'power']);
    super(optimizer);
    checkCount('PolynomialLR', 'totalIters', totalIters);
    checkSetting('PolynomialLR', 'power', power);
    this.totalIters = totalIters;
    this.power = power;
    this.start();
  }

  protected override lrOf({ lr }: ScheduledGroup): number {
    const { lastEpoch, totalIters, power } = this;
    if (lastEpoch === 0 || lastEpoch > totalIters) return lr;
    return lr * ((1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters)) ** power;
  }
}

/** A factor per epoch, or one for every group. */
export type LRFactor = ((epoch: number) => number) | readonly ((epoch: number) => number)[];

/** Throws ArgumentError unless there is one function for all groups, or one for each. */
function checkFactors(scheduler: string, factors: LRFactor, groups: number): void {
  const list = Array.isArray(factors) ? Array.from<unknown>(factors) : [factors];
  for (const factor of list) checkFunction(scheduler, factor);
  if (Array.isArray(factors) && list.length !== groups)
    throw new ArgumentError(
      `${scheduler}: ${list.length} functions for ${groups} groups. Give one per group, or one for all.`,
    );
}

function factorAt(scheduler: string, factors: LRFactor, index: number, epoch: number): number {
  const factor = typeof factors === 'function' ? factors : factors[index]!;
  const value: unknown = factor(epoch);
  checkSetting(scheduler, `the factor of epoch ${epoch}`, value);
  return value;
}

/** Initial rate times a function of the epoch. */
export class LambdaLR extends LRScheduler {
  /** The factor by epoch. */
  readonly lrLambda: LRFactor;

  constructor(optimizer: Scheduled, lrLambda: LRFactor) {
    super(optimizer);
    this.lrLambda = lrLambda;
    this.start();
  }

  protected override settle(groups: number): void {
    checkFactors('LambdaLR', this.lrLambda, groups);
  }

  protected override lrOf(_group: ScheduledGroup, baseLr: number, index: number): number {
    return baseLr * factorAt('LambdaLR', this.lrLambda, index, this.lastEpoch);
  }
}

/** Current rate times a function of the epoch. */
export class MultiplicativeLR extends LRScheduler {
  /** The factor by epoch. */
  readonly lrLambda: LRFactor;

  constructor(optimizer: Scheduled, lrLambda: LRFactor) {
    super(optimizer);
    this.lrLambda = lrLambda;
    this.start();
  }

  protected override settle(groups: number): void {
    checkFactors('MultiplicativeLR', this.lrLambda, groups);
  }

  /** Begins anew from the current rates, as PyTorch's does within `SequentialLR`. */
  override restart(): void {
    this.adopt();
    this.lastEpoch = 0;
  }

  protected override lrOf({ lr }: ScheduledGroup, _baseLr: number, index: number): number {
    return this.lastEpoch > 0 ? lr * factorAt('MultiplicativeLR', this.lrLambda, index, this.lastEpoch) : lr;
  }
}
