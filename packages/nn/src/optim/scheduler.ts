import { ArgumentError, described } from '@q/tensor';

/** What a scheduler changes in a group of parameters. */
export interface ScheduledGroup {
  lr: number;
  initialLr?: number;
  momentum?: number;
  betas?: readonly [number, number];
}

/** An optimizer, as schedulers see it. */
export interface Scheduled {
  readonly paramGroups: readonly ScheduledGroup[];
}

/** What a scheduler remembers. */
export interface SchedulerStateDict {
  readonly lastEpoch: number;
  readonly baseLrs: readonly number[];
  readonly lrs: readonly number[];
}

/**
 * Base of the schedulers: sets every group's learning rate at construction and after every `step()`. The rates follow from
 * the current ones where PyTorch's do, so that several schedulers can act on one optimizer.
 */
export abstract class LRScheduler {
  /** Number of `step()` calls so far. */
  lastEpoch = 0;
  /** Every group's learning rate before any scheduler acted. */
  readonly baseLrs: number[];

  constructor(readonly optimizer: Scheduled) {
    if (!Array.isArray(optimizer?.paramGroups))
      throw new ArgumentError(`${this.constructor.name}: wants an optimizer, got ${described(optimizer)}.`);
    this.baseLrs = optimizer.paramGroups.map((group) => (group.initialLr ??= group.lr));
  }

  /** The learning rate of a group at `lastEpoch`. */
  abstract lrOf(group: ScheduledGroup, baseLr: number, index: number): number;

  /** Called once a subclass has its options: sets the first learning rates. */
  start(): void {
    this.assign();
  }

  /** Goes on by one epoch (or batch, as the schedule counts) and sets the learning rates. */
  step(): void {
    this.lastEpoch++;
    this.assign();
  }

  /** The current learning rates, one per group. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  /** Sets the learning rates of `lastEpoch`. */
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
  loadStateDict({ lastEpoch, baseLrs, lrs }: SchedulerStateDict): void {
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
