import { ArgumentError, described } from '@q/tensor';
import { checkBoolean, checkChoice, checkFunction, checkNumber, optionsOf } from '@q/tensor/internal';
import {
  checkCount,
  checkRates,
  checkSetting,
  LRScheduler,
  type Scheduled,
  type ScheduledGroup,
  type SchedulerStateDict,
} from './scheduler.js';

/** Options of the cosine schedules. */
export interface CosineOptions {
  /** The smallest rate. Default: 0. */
  readonly etaMin?: number;
}

/** Cosine from the initial rate to `etaMin` in `tMax` epochs, and back (Loshchilov and Hutter, 2017, without restarts). */
export class CosineAnnealingLR extends LRScheduler {
  /** Epochs from the initial rate to the smallest. */
  readonly tMax: number;
  /** The smallest rate. */
  readonly etaMin: number;

  constructor(optimizer: Scheduled, tMax: number, options: CosineOptions = {}) {
    const { etaMin = 0 } = optionsOf('CosineAnnealingLR', options, ['etaMin']);
    super(optimizer);
    checkCount('CosineAnnealingLR', 'tMax', tMax);
    checkSetting('CosineAnnealingLR', 'etaMin', etaMin);
    this.tMax = tMax;
    this.etaMin = etaMin;
    this.start();
  }

  protected override lrOf({ lr }: ScheduledGroup, baseLr: number): number {
    const { lastEpoch, tMax, etaMin } = this;
    if (lastEpoch === 0) return lr;
    if ((lastEpoch - 1 - tMax) % (2 * tMax) === 0) return lr + ((baseLr - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2;
    const now = 1 + Math.cos((Math.PI * lastEpoch) / tMax);
    const before = 1 + Math.cos((Math.PI * (lastEpoch - 1)) / tMax);
    return (now / before) * (lr - etaMin) + etaMin;
  }
}

/** Options of `CosineAnnealingWarmRestarts`. */
export interface WarmRestartsOptions extends CosineOptions {
  /** Factor of the length of each period over the one before. Default: 1. */
  readonly tMult?: number;
}

/** Cosine from the initial rate to `etaMin` in `t0` epochs, then anew in periods that grow by `tMult` (SGDR). */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  /** Epochs of the first period. */
  readonly t0: number;
  /** Factor of the length of each period over the one before. */
  readonly tMult: number;
  /** The smallest rate. */
  readonly etaMin: number;

  constructor(optimizer: Scheduled, t0: number, options: WarmRestartsOptions = {}) {
    const { tMult = 1, etaMin = 0 } = optionsOf('CosineAnnealingWarmRestarts', options, ['tMult', 'etaMin']);
    super(optimizer);
    checkCount('CosineAnnealingWarmRestarts', 't0', t0);
    checkSetting('CosineAnnealingWarmRestarts', 'etaMin', etaMin);
    checkCount('CosineAnnealingWarmRestarts', 'tMult', tMult);
    this.t0 = t0;
    this.tMult = tMult;
    this.etaMin = etaMin;
    this.start();
  }

  protected override lrOf(_group: ScheduledGroup, baseLr: number): number {
    let at = this.lastEpoch;
    let period = this.t0;
    if (this.tMult === 1) at %= period;
    else for (; at >= period; period *= this.tMult) at -= period;
    return this.etaMin + ((baseLr - this.etaMin) * (1 + Math.cos((Math.PI * at) / period))) / 2;
  }
}

/** Sets what an optimizer calls momentum: `momentum`, or the first of Adam's `betas`. */
function setMomentum(scheduler: string, group: ScheduledGroup, value: number): void {
  if (group.betas !== undefined) group.betas = [value, group.betas[1]];
  else if (group.momentum !== undefined) group.momentum = value;
  else throw new ArgumentError(`${scheduler}: the optimizer has no momentum to cycle. Pass { cycleMomentum: false }.`);
}

const momentumOf = (group: ScheduledGroup): number | undefined => group.betas?.[0] ?? group.momentum;

/** A setting: one for all groups, also for those that come later, or one for each. */
type PerGroup = number | readonly number[];

const perGroup = (value: PerGroup, count: number, what: string): number[] => {
  const list = typeof value === 'number' ? new Array<number>(count).fill(value) : value;
  if (!Array.isArray(list) || list.length !== count || !Array.from(list, Number.isFinite).every(Boolean))
    throw new ArgumentError(
      `${what} must be a number, or one for each of ${count} groups, got ${described(value)}. A number is for groups that are added later, too.`,
    );
  return [...list];
};

/** Base of the schedulers that let momentum fall while the rate rises. */
abstract class CycleScheduler extends LRScheduler {
  /** Whether momentum falls while the rate rises. */
  abstract readonly cycleMomentum: boolean;

  /** Where the schedule stands, with the momentum that it cycles. */
  override stateDict(): SchedulerStateDict {
    const state = super.stateDict();
    return this.cycleMomentum
      ? { ...state, momenta: this.optimizer.paramGroups.map((group) => momentumOf(group)!) }
      : state;
  }

  /** Takes back what `stateDict` gave. Throws ArgumentError for anything else, or another number of groups. */
  override loadStateDict(stateDict: SchedulerStateDict): void {
    const { name } = this.constructor;
    const { paramGroups } = this.optimizer;
    const { momenta } = (stateDict as Partial<SchedulerStateDict> | null | undefined) ?? {};
    // The state of a schedule that does not cycle momentum has none.
    if (momenta === undefined) return super.loadStateDict(stateDict);
    checkRates(`${name}.loadStateDict`, 'momenta', momenta, paramGroups.length);
    if (paramGroups.some(({ betas }, i) => betas !== undefined && momenta[i]! >= 1))
      throw new ArgumentError(`${name}.loadStateDict: momenta must be below 1 as betas, got ${described(momenta)}.`);
    this.attempt(() => {
      super.loadStateDict(stateDict);
      paramGroups.forEach((group, i) => setMomentum(name, group, momenta[i]!));
    });
  }
}

/** Options of `OneCycleLR`; either `totalSteps`, or `epochs` and `stepsPerEpoch`. */
export interface OneCycleOptions {
  /** Steps of the cycle. */
  readonly totalSteps?: number;
  /** Epochs of the cycle; with `stepsPerEpoch`. */
  readonly epochs?: number;
  /** Steps of an epoch; with `epochs`. */
  readonly stepsPerEpoch?: number;
  /** Share of the cycle in which the rate rises. Default: 0.3. */
  readonly pctStart?: number;
  /** Default: 'cos'. */
  readonly annealStrategy?: 'cos' | 'linear';
  /** Whether momentum falls while the rate rises. Default: true. */
  readonly cycleMomentum?: boolean;
  /** Default: 0.85. */
  readonly baseMomentum?: number | readonly number[];
  /** Default: 0.95. */
  readonly maxMomentum?: number | readonly number[];
  /** First rate: maxLr / divFactor. Default: 25. */
  readonly divFactor?: number;
  /** Last rate: first rate / finalDivFactor. Default: 10000. */
  readonly finalDivFactor?: number;
  /** Rise, fall back, then fall to the end in three phases. Default: false. */
  readonly threePhase?: boolean;
}

interface Phase {
  readonly end: number;
  readonly lr: readonly [from: number, to: number];
  readonly momentum: readonly [from: number, to: number];
}

/** One rise to `maxLr` and one fall far below the first rate, stepped per batch (Smith and Topin, 2018). */
export class OneCycleLR extends CycleScheduler {
  /** Steps of the cycle. */
  readonly totalSteps: number;
  /**
   * Per group: where each phase ends and what it goes between.
   *
   * @internal
   */
  phases: readonly (readonly Phase[])[] = [];
  /** How rates go from one to the next. */
  readonly annealStrategy: 'cos' | 'linear';
  /** Whether momentum falls while the rate rises. */
  readonly cycleMomentum: boolean;
  private readonly phasesOf: (groups: number) => Phase[][];

  constructor(optimizer: Scheduled, maxLr: number | readonly number[], options: OneCycleOptions) {
    super(optimizer);
    const {
      pctStart = 0.3,
      annealStrategy = 'cos',
      cycleMomentum = true,
      threePhase = false,
    } = optionsOf('OneCycleLR', options, [
      'totalSteps',
      'epochs',
      'stepsPerEpoch',
      'pctStart',
      'annealStrategy',
      'cycleMomentum',
      'baseMomentum',
      'maxMomentum',
      'divFactor',
      'finalDivFactor',
      'threePhase',
    ]);
    const { baseMomentum = 0.85, maxMomentum = 0.95, divFactor = 25, finalDivFactor = 1e4 } = options;
    const { epochs = NaN, stepsPerEpoch = NaN } = options;
    checkNumber('OneCycleLR', 'epochs', epochs);
    checkNumber('OneCycleLR', 'stepsPerEpoch', stepsPerEpoch);
    const total = options.totalSteps ?? epochs * stepsPerEpoch;
    if (!Number.isInteger(total) || total < 1)
      throw new ArgumentError('OneCycleLR: give totalSteps, or epochs and stepsPerEpoch, as positive integers.');
    checkNumber('OneCycleLR', 'pctStart', pctStart, 0, 1);
    checkChoice('OneCycleLR', 'annealStrategy', annealStrategy, ['cos', 'linear']);
    checkBoolean('OneCycleLR', 'cycleMomentum', cycleMomentum);
    checkBoolean('OneCycleLR', 'threePhase', threePhase);
    checkSetting('OneCycleLR', 'divFactor', divFactor);
    checkSetting('OneCycleLR', 'finalDivFactor', finalDivFactor);
    this.totalSteps = total;
    this.annealStrategy = annealStrategy;
    this.cycleMomentum = cycleMomentum;
    this.phasesOf = (groups) => {
      const low = perGroup(baseMomentum, groups, 'OneCycleLR: baseMomentum');
      const high = perGroup(maxMomentum, groups, 'OneCycleLR: maxMomentum');
      return perGroup(maxLr, groups, 'OneCycleLR: maxLr').map((max, i) => {
        const initial = max / divFactor;
        const last = initial / finalDivFactor;
        const [m, M] = [low[i]!, high[i]!];
        const rise: Phase = { end: pctStart * total - 1, lr: [initial, max], momentum: [M, m] };
        if (!threePhase) return [rise, { end: total - 1, lr: [max, last], momentum: [m, M] }];
        return [
          rise,
          { end: 2 * pctStart * total - 2, lr: [max, initial], momentum: [m, M] },
          { end: total - 1, lr: [initial, last], momentum: [M, M] },
        ];
      });
    };
    this.start();
  }

  protected override settle(groups: number): void {
    this.phases = this.phasesOf(groups);
  }

  protected override baseLrOf(_group: ScheduledGroup, index: number): number {
    return this.phases[index]![0]!.lr[0];
  }

  protected override lrOf(group: ScheduledGroup, _baseLr: number, index: number): number {
    if (this.lastEpoch > this.totalSteps)
      throw new ArgumentError(`OneCycleLR: step ${this.lastEpoch} of a cycle of ${this.totalSteps} steps.`);
    const phases = this.phases[index]!;
    const at = phases.findIndex(({ end }, p) => this.lastEpoch <= end || p === phases.length - 1);
    const start = at === 0 ? 0 : phases[at - 1]!.end;
    const { end, lr, momentum } = phases[at]!;
    // A phase that takes no step is at its end.
    const share = end === start ? 1 : (this.lastEpoch - start) / (end - start);
    if (this.cycleMomentum) setMomentum('OneCycleLR', group, this.anneal(momentum, share));
    return this.anneal(lr, share);
  }

  /** Between two values. */
  protected anneal([from, to]: readonly [number, number], share: number): number {
    if (this.annealStrategy === 'linear') return (to - from) * share + from;
    return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  }
}

/** Options of `CyclicLR`. */
export interface CyclicOptions {
  /** Steps from base to max. Default: 2000. */
  readonly stepSizeUp?: number;
  /** Steps from max to base. Default: stepSizeUp. */
  readonly stepSizeDown?: number;
  /** What happens to the amplitude: nothing, halved per cycle, or times gamma per step. Default: 'triangular'. */
  readonly mode?: 'triangular' | 'triangular2' | 'exp_range';
  /** Default: 1. */
  readonly gamma?: number;
  /** Amplitude as a function of the cycle or of the step; overrides `mode`. */
  readonly scaleFn?: (at: number) => number;
  /** What `scaleFn` is given. Default: 'cycle'. */
  readonly scaleMode?: 'cycle' | 'iterations';
  /** Whether momentum falls while the rate rises. Default: true. */
  readonly cycleMomentum?: boolean;
  /** Default: 0.8. */
  readonly baseMomentum?: number | readonly number[];
  /** Default: 0.9. */
  readonly maxMomentum?: number | readonly number[];
}

/** A triangle between `baseLr` and `maxLr` again and again, stepped per batch (Smith, 2017). */
export class CyclicLR extends CycleScheduler {
  /** Largest rate per group. */
  maxLrs: readonly number[] = [];
  /** Smallest and largest momentum per group. */
  momenta: readonly (readonly [base: number, max: number])[] = [];
  /** Steps of a cycle. */
  readonly totalSize: number;
  /** Part of a cycle in which the rate rises. */
  readonly stepRatio: number;
  /** Whether momentum falls while the rate rises. */
  readonly cycleMomentum: boolean;
  /** Height of a cycle as a part of the first one's. */
  readonly amplitude: (cycle: number, step: number) => number;
  private firstLrs: readonly number[] = [];
  private readonly settings: Readonly<Record<'baseLr' | 'maxLr' | 'baseMomentum' | 'maxMomentum', PerGroup>>;

  constructor(
    optimizer: Scheduled,
    baseLr: number | readonly number[],
    maxLr: number | readonly number[],
    options: CyclicOptions = {},
  ) {
    super(optimizer);
    const {
      stepSizeUp = 2000,
      stepSizeDown = stepSizeUp,
      mode = 'triangular',
      gamma = 1,
      cycleMomentum = true,
    } = optionsOf('CyclicLR', options, [
      'stepSizeUp',
      'stepSizeDown',
      'mode',
      'gamma',
      'scaleFn',
      'scaleMode',
      'cycleMomentum',
      'baseMomentum',
      'maxMomentum',
    ]);
    const { scaleFn, scaleMode = 'cycle', baseMomentum = 0.8, maxMomentum = 0.9 } = options;
    checkChoice('CyclicLR', 'mode', mode, ['triangular', 'triangular2', 'exp_range']);
    checkChoice('CyclicLR', 'scaleMode', scaleMode, ['cycle', 'iterations']);
    checkSetting('CyclicLR', 'gamma', gamma);
    checkBoolean('CyclicLR', 'cycleMomentum', cycleMomentum);
    if (scaleFn != null) checkFunction('CyclicLR', scaleFn);
    checkCount('CyclicLR', 'stepSizeUp', stepSizeUp);
    checkCount('CyclicLR', 'stepSizeDown', stepSizeDown);
    this.settings = { baseLr, maxLr, baseMomentum, maxMomentum };
    this.totalSize = stepSizeUp + stepSizeDown;
    this.stepRatio = stepSizeUp / this.totalSize;
    this.cycleMomentum = cycleMomentum;
    this.amplitude = scaleFn
      ? (cycle, step) => scaleFn(scaleMode === 'cycle' ? cycle : step)
      : (cycle, step) => (mode === 'triangular' ? 1 : mode === 'triangular2' ? 1 / 2 ** (cycle - 1) : gamma ** step);
    this.start();
  }

  protected override settle(groups: number): void {
    const of = (name: keyof typeof this.settings): number[] =>
      perGroup(this.settings[name], groups, `CyclicLR: ${name}`);
    const [low, high] = [of('baseMomentum'), of('maxMomentum')];
    [this.firstLrs, this.maxLrs] = [of('baseLr'), of('maxLr')];
    this.momenta = low.map((value, i) => [value, high[i]!] as const);
  }

  protected override baseLrOf(_group: ScheduledGroup, index: number): number {
    return this.firstLrs[index]!;
  }

  protected override lrOf(group: ScheduledGroup, baseLr: number, index: number): number {
    const cycle = Math.floor(1 + this.lastEpoch / this.totalSize);
    const at = 1 + this.lastEpoch / this.totalSize - cycle;
    const height = at <= this.stepRatio ? at / this.stepRatio : (at - 1) / (this.stepRatio - 1);
    const amplitude = height * this.amplitude(cycle, this.lastEpoch);
    if (this.cycleMomentum) {
      const [base, max] = this.momenta[index]!;
      setMomentum('CyclicLR', group, max - (max - base) * amplitude);
    }
    return baseLr + (this.maxLrs[index]! - baseLr) * amplitude;
  }
}
