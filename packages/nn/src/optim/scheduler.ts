import { ArgumentError, described } from '@q/tensor';

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
}

/** Throws ArgumentError unless a scheduler can act on a value: an optimizer, or what has its groups. */
export function checkScheduled(scheduler: string, optimizer: unknown): asserts optimizer is Scheduled {
  const groups: unknown = (optimizer as Partial<Scheduled> | null | undefined)?.paramGroups;
  const isGroup = (group: unknown): boolean => typeof (group as Partial<ScheduledGroup> | null)?.lr === 'number';
  if (!Array.isArray(groups) || !groups.every(isGroup))
    throw new ArgumentError(`${scheduler}: wants an optimizer, got ${described(optimizer)}.`);
}

/** Whether a value is a list of numbers. */
export const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && Array.from(value, (entry) => typeof entry === 'number').every(Boolean);

/**
 * Base of the schedulers: sets every group's learning rate at construction and after every `step()`. The rates follow from
 * the current ones where PyTorch's do, so that several schedulers can act on one optimizer.
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
    this.baseLrs = optimizer.paramGroups.map((group) => (group.initialLr ??= group.lr));
  }

  /** The learning rate of a group at `lastEpoch`. */
  protected abstract lrOf(group: ScheduledGroup, baseLr: number, index: number): number;

  /** Called once a subclass has its options: sets the first learning rates. */
  protected start(): void {
    this.assign();
  }

  /** Goes on by one epoch (or batch, as the schedule counts) and sets the learning rates. */
  step(): void {
    this.lastEpoch++;
    this.assign();
  }

  /** Begins anew: epoch 0, from the first learning rates. */
  restart(): void {
    this.lastEpoch = 0;
    this.optimizer.paramGroups.forEach((group, i) => (group.lr = this.baseLrs[i] ?? group.lr));
    this.assign();
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
    this.optimizer.paramGroups.forEach((group, i) => {
      group.lr = this.lrOf(group, this.baseLrs[i] ?? group.lr, i);
    });
  }

  /** Where the schedule stands. */
  stateDict(): SchedulerStateDict {
    return { lastEpoch: this.lastEpoch, baseLrs: [...this.baseLrs], lrs: this.getLastLr() };
  }

  /** Takes back what `stateDict` gave. Throws ArgumentError for another number of groups. */
  loadStateDict(stateDict: SchedulerStateDict): void {
    const { lastEpoch, baseLrs, lrs } = (stateDict as Partial<SchedulerStateDict> | null | undefined) ?? {};
    if (typeof lastEpoch !== 'number' || !isNumbers(baseLrs) || !isNumbers(lrs))
      throw new ArgumentError(
        `${this.constructor.name}.loadStateDict: wants what stateDict() gave, got ${described(stateDict)}.`,
      );
    if (baseLrs.length !== this.baseLrs.length || lrs.length !== this.baseLrs.length)
      throw new ArgumentError(
        `${this.constructor.name}.loadStateDict: state of ${baseLrs.length} groups for ${this.baseLrs.length}.`,
      );
    this.lastEpoch = lastEpoch;
    this.baseLrs.splice(0, Infinity, ...baseLrs);
    this.optimizer.paramGroups.forEach((group, i) => (group.lr = lrs[i]!));
  }
}

/** Throws unless `value` is a positive integer. */
export function checkCount(scheduler: string, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new ArgumentError(`${scheduler}: ${name} must be a positive integer, got ${described(value)}.`);
}
