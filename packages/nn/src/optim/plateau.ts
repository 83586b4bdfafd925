import { ArgumentError, described, type Tensor } from '@q/tensor';
import { checkChoice, checkInteger, checkNumber, checkTensor } from '@q/tensor/internal';
import { withDefaults } from '../options.js';
import { checkRates, checkScheduled, checkSetting, type Scheduled } from './scheduler.js';

/** Options of `ReduceLROnPlateau`. */
export interface PlateauOptions {
  /** Whether the metric is to fall ('min', the default) or to rise. */
  readonly mode?: 'min' | 'max';
  /** Factor of a reduction. Default: 0.1. */
  readonly factor?: number;
  /** Epochs without improvement that are tolerated. Default: 10. */
  readonly patience?: number;
  /** What counts as an improvement. Default: 1e-4. */
  readonly threshold?: number;
  /** Whether `threshold` is a part of the best metric ('rel', the default) or a difference. */
  readonly thresholdMode?: 'rel' | 'abs';
  /** Epochs after a reduction in which none is counted. Default: 0. */
  readonly cooldown?: number;
  /** Smallest rate, for all groups or per group. Default: 0. */
  readonly minLr?: number | readonly number[];
  /** Reductions smaller than this are left out. Default: 1e-8. */
  readonly eps?: number;
}

/** What `ReduceLROnPlateau` remembers. */
export interface PlateauStateDict {
  /** Number of `step()` calls so far. */
  readonly lastEpoch: number;
  /** The best metric so far, null where there was none: JSON has no infinity. */
  readonly best: number | null;
  /** Epochs without improvement since the last one with. */
  readonly numBadEpochs: number;
  /** Epochs that are not counted yet. */
  readonly cooldownCounter: number;
  /** Every group's learning rate now. */
  readonly lrs: readonly number[];
}

/** Reduces the rates when a metric has stopped to improve. */
export class ReduceLROnPlateau {
  /** Whose rates are reduced. */
  readonly optimizer: Scheduled;
  /** The options, defaults included. */
  readonly options: Required<PlateauOptions>;
  /** Smallest rate per group. */
  minLrs: readonly number[];
  /** Number of `step()` calls so far. */
  lastEpoch = 0;
  /** The best metric so far. */
  best: number;
  /** Epochs without improvement since the last one with. */
  numBadEpochs = 0;
  /** Epochs that are not counted yet. */
  cooldownCounter = 0;

  constructor(optimizer: Scheduled, options: PlateauOptions = {}) {
    checkScheduled('ReduceLROnPlateau', optimizer);
    const defaults: Required<PlateauOptions> = {
      mode: 'min',
      factor: 0.1,
      patience: 10,
      threshold: 1e-4,
      thresholdMode: 'rel',
      cooldown: 0,
      minLr: 0,
      eps: 1e-8,
    };
    this.options = withDefaults('ReduceLROnPlateau', options, defaults);
    const { factor, patience, threshold, cooldown, eps, minLr, mode, thresholdMode } = this.options;
    checkChoice('ReduceLROnPlateau', 'mode', mode, ['min', 'max']);
    checkChoice('ReduceLROnPlateau', 'thresholdMode', thresholdMode, ['rel', 'abs']);
    for (const [name, value] of Object.entries({ factor, patience, threshold, eps }))
      checkSetting('ReduceLROnPlateau', name, value);
    checkInteger('ReduceLROnPlateau', 'cooldown', cooldown, 0);
    if (!(factor < 1)) throw new ArgumentError(`ReduceLROnPlateau: factor must be below 1, got ${factor}.`);
    if (typeof minLr !== 'number' && !Array.isArray(minLr))
      throw new ArgumentError(`ReduceLROnPlateau: minLr must be a number or one per group, got ${described(minLr)}.`);
    this.optimizer = optimizer;
    this.minLrs = this.leastRates();
    for (const least of this.minLrs) checkSetting('ReduceLROnPlateau', 'minLr', least);
    this.best = this.worst;
  }

  /** The smallest rate of each group that the optimizer has now. */
  private leastRates(): readonly number[] {
    const { minLr } = this.options;
    const count = this.optimizer.paramGroups.length;
    const rates = typeof minLr === 'number' ? new Array<number>(count).fill(minLr) : [...minLr];
    if (rates.length !== count)
      throw new ArgumentError(
        `ReduceLROnPlateau: ${rates.length} values of minLr for ${count} groups. Give one number for all of them, also later ones.`,
      );
    return rates;
  }

  /** What every metric improves on. */
  private get worst(): number {
    return this.options.mode === 'min' ? Infinity : -Infinity;
  }

  /** Whether a metric improves on the best one. */
  protected isBetter(metric: number): boolean {
    checkNumber('ReduceLROnPlateau', 'the metric', metric);
    const { mode, threshold, thresholdMode } = this.options;
    // As PyTorch: a relative threshold is a part of the best metric with its sign; of infinity it is nothing.
    const rel = thresholdMode === 'rel' && Number.isFinite(this.best);
    const change = rel ? this.best * threshold : threshold;
    return mode === 'min' ? metric < this.best - change : metric > this.best + change;
  }

  /** Takes the metric of one more epoch. */
  step(metric: number | Tensor): void {
    if (typeof metric !== 'number') checkTensor('ReduceLROnPlateau.step', 'the metric', metric);
    const value = typeof metric === 'number' ? metric : metric.item();
    const better = this.isBetter(value);
    this.minLrs = this.leastRates();
    this.lastEpoch++;
    if (better) {
      this.best = value;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    const { patience, cooldown, factor, eps } = this.options;
    if (this.numBadEpochs <= patience) return;
    this.optimizer.paramGroups.forEach((group, i) => {
      const next = Math.max(group.lr * factor, this.minLrs[i]!);
      if (group.lr - next > eps) group.lr = next;
    });
    this.cooldownCounter = cooldown;
    this.numBadEpochs = 0;
  }

  /** The current learning rates, one per group. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  /** Where the schedule stands. */
  stateDict(): PlateauStateDict {
    const { lastEpoch, best, numBadEpochs, cooldownCounter } = this;
    return {
      lastEpoch,
      best: Number.isFinite(best) ? best : null,
      numBadEpochs,
      cooldownCounter,
      lrs: this.getLastLr(),
    };
  }

  /** Takes back what `stateDict` gave. Throws ArgumentError for anything else, or another number of groups. */
  loadStateDict(stateDict: PlateauStateDict): void {
    const operation = 'ReduceLROnPlateau.loadStateDict';
    const { lastEpoch, best, numBadEpochs, cooldownCounter, lrs } =
      (stateDict as Partial<PlateauStateDict> | null | undefined) ?? {};
    const { paramGroups } = this.optimizer;
    checkInteger(operation, 'lastEpoch', lastEpoch, 0);
    checkInteger(operation, 'numBadEpochs', numBadEpochs, 0);
    checkInteger(operation, 'cooldownCounter', cooldownCounter, 0);
    if (best !== null) checkSetting(operation, 'best', best);
    checkRates(operation, 'lrs', lrs, paramGroups.length);
    this.lastEpoch = lastEpoch;
    this.best = best ?? this.worst;
    this.numBadEpochs = numBadEpochs;
    this.cooldownCounter = cooldownCounter;
    paramGroups.forEach((group, i) => (group.lr = lrs[i]!));
  }
}
