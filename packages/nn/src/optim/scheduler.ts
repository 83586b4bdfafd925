import { ArgumentError, described } from '@q/tensor';
import { checkInteger, checkNumber } from '@q/tensor/internal';

/** What a scheduler changes in a group of parameters. */
export interface ScheduledGroup {
  /** Learning rate. */
  lr: number;
  /** The learning rate before any scheduler acted. */
  initialLr?: number;
  /** Momentum of SGD and RMSprop. */
  momentum?: number;
  /** Decay of the two averages of Adam. */
  betas?: readonly [number, number];
}

/** An optimizer, as schedulers see it. */
export interface Scheduled {
  /** Groups of parameters with their rates. */
  readonly paramGroups: readonly ScheduledGroup[];
}

/** What a scheduler remembers. */
export interface SchedulerStateDict {
  /** Number of `step()` calls so far. */
  readonly lastEpoch: number;
  /** Every group's learning rate before any scheduler acted. */
  readonly baseLrs: readonly number[];
  /** Every group's learning rate now. */
  readonly lrs: readonly number[];
  /** Every group's momentum now, where the scheduler cycles it. */
  readonly momenta?: readonly number[];
}

/** Throws ArgumentError unless a scheduler can act on a value: an optimizer, or what has its groups. */
export function checkScheduled(scheduler: string, optimizer: unknown): asserts optimizer is Scheduled {
  const groups: unknown = (optimizer as Partial<Scheduled> | null | undefined)?.paramGroups;
  const isGroup = (group: unknown): boolean => typeof (group as Partial<ScheduledGroup> | null)?.lr === 'number';
  if (!Array.isArray(groups) || !groups.every(isGroup))
    throw new ArgumentError(`${scheduler}: wants an optimizer, got ${described(optimizer)}.`);
}

/** Throws ArgumentError unless a state gives every group what an optimizer takes as a rate or momentum: finite and not negative. */
export function checkRates(operation: string, name: string, rates: unknown, groups: number): asserts rates is number[] {
  const isRate = (rate: unknown): boolean => typeof rate === 'number' && rate >= 0 && rate < Infinity;
  if (!Array.isArray(rates) || rates.length !== groups || !Array.from<unknown>(rates).every(isRate))
    throw new ArgumentError(
      `${operation}: ${name} must be a finite number of at least 0 for each of ${groups} groups, got ${described(rates)}.`,
    );
}

/** Throws ArgumentError unless a setting of a scheduler is a number other than NaN. */
export function checkSetting(scheduler: string, name: string, value: unknown): asserts value is number {
  checkNumber(scheduler, name, value);
  if (Number.isNaN(value)) throw new ArgumentError(`${scheduler}: ${name} must be a number, got NaN.`);
}

/**
 * Base of the schedulers: sets every group's learning rate at construction and after every `step()`. The rates follow from
 * the current ones where PyTorch's do, so that several schedulers can act on one optimizer. A group that the optimizer is given
 * later starts from its own rate.
 */
export abstract class LRScheduler {
  /** Number of `step()` calls so far. */
  lastEpoch = 0;
  /** Every group's learning rate before any scheduler acted. */
  readonly baseLrs: number[];

  constructor(
    /** Whose rates it sets. */
    readonly optimizer: Scheduled,
  ) {
    checkScheduled(this.constructor.name, optimizer);
    this.baseLrs = optimizer.paramGroups.map((group) => group.initialLr ?? group.lr);
  }

  /** The learning rate of a group at `lastEpoch`. */
  protected abstract lrOf(group: ScheduledGroup, baseLr: number, index: number): number;

  /** The learning rate from which a group starts. */
  protected baseLrOf(group: ScheduledGroup, _index: number): number {
    return group.initialLr ?? group.lr;
  }

  /** Makes the settings of so many groups. Throws ArgumentError where they are given per group, and not for all of these. */
  protected settle(_groups: number): void {}

  /** Takes in the groups from a number on: all at the start, later those that the optimizer was given since. */
  protected adopt(from = this.baseLrs.length): void {
    const { paramGroups } = this.optimizer;
    if (from >= paramGroups.length) return;
    this.settle(paramGroups.length);
    paramGroups.slice(from).forEach((group, i) => {
      group.initialLr = this.baseLrOf(group, from + i);
      this.baseLrs[from + i] = group.initialLr;
    });
  }

  /**
   * A function that brings schedule and groups back to where they are now.
   *
   * @internal
   */
  memento(): () => void {
    const { lastEpoch, optimizer } = this;
    const baseLrs = [...this.baseLrs];
    const before = optimizer.paramGroups.map((group) => ({ group, copy: { ...group } }));
    return () => {
      this.lastEpoch = lastEpoch;
      this.baseLrs.splice(0, Infinity, ...baseLrs);
      for (const { group, copy } of before) {
        if (copy.initialLr === undefined) delete group.initialLr;
        Object.assign(group, copy);
      }
    };
  }

  /** Runs a change of the schedule. Where it throws, schedule and groups are as they were. */
  protected attempt(change: () => void): void {
    const restore = this.memento();
    try {
      change();
    } catch (error) {
      restore();
      throw error;
    }
  }

  /** Called once a subclass has its options: sets the first learning rates. */
  protected start(): void {
    this.attempt(() => {
      this.adopt(0);
      this.assign();
    });
  }

  /** Goes on by one epoch (or batch, as the schedule counts) and sets the learning rates. */
  step(): void {
    this.attempt(() => {
      this.lastEpoch++;
      this.assign();
    });
  }

  /** Begins anew: epoch 0, from the first learning rates. */
  restart(): void {
    this.attempt(() => {
      this.adopt();
      this.lastEpoch = 0;
      this.optimizer.paramGroups.forEach((group, i) => (group.lr = this.baseLrs[i]!));
      this.assign();
    });
  }

  /** The current learning rates, one per group. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  /**
   * Sets the learning rates of `lastEpoch`.
   *
   * @internal
   */
  assign(): void {
    this.adopt();
    this.optimizer.paramGroups.forEach((group, i) => {
      group.lr = this.lrOf(group, this.baseLrs[i]!, i);
    });
  }

  /** Where the schedule stands. */
  stateDict(): SchedulerStateDict {
    this.adopt();
    return { lastEpoch: this.lastEpoch, baseLrs: [...this.baseLrs], lrs: this.getLastLr() };
  }

  /** Takes back what `stateDict` gave. Throws ArgumentError for anything else, or another number of groups. */
  loadStateDict(stateDict: SchedulerStateDict): void {
    const operation = `${this.constructor.name}.loadStateDict`;
    const { lastEpoch, baseLrs, lrs } = (stateDict as Partial<SchedulerStateDict> | null | undefined) ?? {};
    const { paramGroups } = this.optimizer;
    checkInteger(operation, 'lastEpoch', lastEpoch, 0);
    checkRates(operation, 'baseLrs', baseLrs, paramGroups.length);
    checkRates(operation, 'lrs', lrs, paramGroups.length);
    this.adopt();
    this.lastEpoch = lastEpoch;
    this.baseLrs.splice(0, Infinity, ...baseLrs);
    paramGroups.forEach((group, i) => (group.lr = lrs[i]!));
  }
}

/** Throws unless `value` is a positive integer. */
export function checkCount(scheduler: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new ArgumentError(`${scheduler}: ${name} must be a positive integer, got ${described(value)}.`);
}
