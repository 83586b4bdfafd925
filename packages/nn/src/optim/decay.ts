import { ArgumentError } from '@q/tensor';
import { checkCount, LRScheduler, type Scheduled, type ScheduledGroup } from './scheduler.js';

/** Multiplies the rate by `gamma` every `stepSize` epochs. */
export class StepLR extends LRScheduler {
  readonly stepSize: number;
  readonly gamma: number;

  constructor(optimizer: Scheduled, stepSize: number, { gamma = 0.1 }: { readonly gamma?: number } = {}) {
    super(optimizer);
    checkCount('StepLR', 'stepSize', stepSize);
    this.stepSize = stepSize;
    this.gamma = gamma;
    this.start();
  }

  override lrOf({ lr }: ScheduledGroup): number {
    return this.lastEpoch > 0 && this.lastEpoch % this.stepSize === 0 ? lr * this.gamma : lr;
  }
}

/** Multiplies the rate by `gamma` at every milestone. */
export class MultiStepLR extends LRScheduler {
  readonly milestones: readonly number[];
  readonly gamma: number;

  constructor(optimizer: Scheduled, milestones: readonly number[], { gamma = 0.1 }: { readonly gamma?: number } = {}) {
    super(optimizer);
    this.milestones = [...milestones];
    this.gamma = gamma;
    this.start();
  }

  override lrOf({ lr }: ScheduledGroup): number {
    return lr * this.gamma ** this.milestones.filter((milestone) => milestone === this.lastEpoch).length;
  }
}

/** Multiplies the rate by `gamma` every epoch. */
export class ExponentialLR extends LRScheduler {
  readonly gamma: number;

  constructor(optimizer: Scheduled, gamma: number) {
    super(optimizer);
    this.gamma = gamma;
    this.start();
  }

  override lrOf({ lr }: ScheduledGroup): number {
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
  readonly factor: number;
  readonly totalIters: number;

  constructor(optimizer: Scheduled, { factor = 1 / 3, totalIters = 5 }: ConstantLROptions = {}) {
    super(optimizer);
    if (!(factor >= 0 && factor <= 1)) throw new ArgumentError(`ConstantLR: factor must be 0 to 1, got ${factor}.`);
    this.factor = factor;
    this.totalIters = totalIters;
    this.start();
  }

  override lrOf({ lr }: ScheduledGroup): number {
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
  readonly startFactor: number;
  readonly endFactor: number;
  readonly totalIters: number;

  constructor(optimizer: Scheduled, { startFactor = 1 / 3, endFactor = 1, totalIters = 5 }: LinearLROptions = {}) {
    super(optimizer);
    if (!(startFactor > 0 && startFactor <= 1))
      throw new ArgumentError(`LinearLR: startFactor must be above 0 and at most 1, got ${startFactor}.`);
    if (!(endFactor >= 0 && endFactor <= 1))
      throw new ArgumentError(`LinearLR: endFactor must be 0 to 1, got ${endFactor}.`);
    this.startFactor = startFactor;
    this.endFactor = endFactor;
    this.totalIters = totalIters;
    this.start();
  }

  override lrOf({ lr }: ScheduledGroup): number {
    const { startFactor, endFactor, totalIters, lastEpoch } = this;
    if (lastEpoch === 0) return lr * startFactor;
    if (lastEpoch > totalIters) return lr;
    return (
      lr * (1 + (endFactor - startFactor) / (totalIters * startFactor + (lastEpoch - 1) * (endFactor - startFactor)))
    );
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
  readonly totalIters: number;
  readonly power: number;

  constructor(optimizer: Scheduled, { totalIters = 5, power = 1 }: PolynomialLROptions = {}) {
    super(optimizer);
    checkCount('PolynomialLR', 'totalIters', totalIters);
    this.totalIters = totalIters;
    this.power = power;
    this.start();
  }

  override lrOf({ lr }: ScheduledGroup): number {
    const { lastEpoch, totalIters, power } = this;
    if (lastEpoch === 0 || lastEpoch > totalIters) return lr;
    return lr * ((1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters)) ** power;
  }
}

/** A factor per epoch, or one for every group. */
export type LRFactor = ((epoch: number) => number) | readonly ((epoch: number) => number)[];

const factorAt = (factors: LRFactor, index: number, epoch: number): number => {
  const factor = typeof factors === 'function' ? factors : factors[index];
  if (factor === undefined)
    throw new ArgumentError(`LambdaLR: no function for group ${index}. Give one per group, or one for all.`);
  return factor(epoch);
};

/** Initial rate times a function of the epoch. */
export class LambdaLR extends LRScheduler {
  readonly lrLambda: LRFactor;

  constructor(optimizer: Scheduled, lrLambda: LRFactor) {
    super(optimizer);
    this.lrLambda = lrLambda;
    this.start();
  }

  override lrOf(_group: ScheduledGroup, baseLr: number, index: number): number {
    return baseLr * factorAt(this.lrLambda, index, this.lastEpoch);
  }
}

/** Current rate times a function of the epoch. */
export class MultiplicativeLR extends LRScheduler {
  readonly lrLambda: LRFactor;

  constructor(optimizer: Scheduled, lrLambda: LRFactor) {
    super(optimizer);
    this.lrLambda = lrLambda;
    this.start();
  }

  override lrOf({ lr }: ScheduledGroup, _baseLr: number, index: number): number {
    return this.lastEpoch > 0 ? lr * factorAt(this.lrLambda, index, this.lastEpoch) : lr;
  }
}
