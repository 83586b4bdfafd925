import { ArgumentError, described } from '@q/tensor';
import { LRScheduler, type Scheduled, type SchedulerStateDict } from './scheduler.js';

/** What a scheduler made of others remembers. */
export interface CombinedStateDict extends SchedulerStateDict {
  /** What each of them remembers. */
  readonly schedulers: readonly SchedulerStateDict[];
}

/** The schedulers, if there are any and all of them act on one optimizer, which is that of the first if none is given; and it. */
function checkedSchedulers(
  name: string,
  schedulers: readonly unknown[],
  given: Scheduled | undefined,
): { readonly schedulers: readonly LRScheduler[]; readonly optimizer: Scheduled } {
  if (!Array.isArray(schedulers) || schedulers.length === 0)
    throw new ArgumentError(`${name}: wants one scheduler or more, got ${described(schedulers)}.`);
  const checked = Array.from<unknown, LRScheduler>(schedulers, (scheduler, i) => {
    if (scheduler instanceof LRScheduler) return scheduler;
    throw new ArgumentError(`${name}: schedulers[${i}] must be an LRScheduler, got ${described(scheduler)}.`);
  });
  const optimizer = given ?? checked[0]!.optimizer;
  const stranger = checked.findIndex((scheduler) => scheduler.optimizer !== optimizer);
  if (stranger >= 0)
    throw new ArgumentError(`${name}: schedulers[${stranger}] acts on another optimizer. Give all of them the same.`);
  return { schedulers: checked, optimizer };
}

/** Base of the schedulers that leave the rates to others. */
abstract class CombinedScheduler extends LRScheduler {
  /** Those it is made of. */
  readonly schedulers: readonly LRScheduler[];

  constructor(name: string, given: readonly LRScheduler[], on: Scheduled | undefined) {
    const { schedulers, optimizer } = checkedSchedulers(name, given, on);
    super(optimizer);
    this.schedulers = schedulers;
  }

  protected override lrOf({ lr }: { readonly lr: number }): number {
    return lr;
  }

  override memento(): () => void {
    const restores = [super.memento(), ...this.schedulers.map((scheduler) => scheduler.memento())];
    return () => restores.forEach((restore) => restore());
  }

  override stateDict(): CombinedStateDict {
    return { ...super.stateDict(), schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  /** Takes back what `stateDict` gave. Throws ArgumentError for other schedulers or another number of groups. */
  override loadStateDict(stateDict: SchedulerStateDict): void {
    const states = (stateDict as Partial<CombinedStateDict> | null | undefined)?.schedulers;
    if (!Array.isArray(states) || states.length !== this.schedulers.length)
      throw new ArgumentError(
        `${this.constructor.name}.loadStateDict: wants the state of ${this.schedulers.length} schedulers, got ${described(states)}.`,
      );
    this.attempt(() => {
      this.schedulers.forEach((scheduler, i) => scheduler.loadStateDict(states[i] as SchedulerStateDict));
      super.loadStateDict(stateDict);
    });
  }
}

/**
 * One scheduler after the other: the i-th from epoch `milestones[i - 1]` on, where it begins anew from the first learning rates.
 *
 * @example
 *
 * ```ts
 * import { Linear } from '@q/nn';
 * import { CosineAnnealingLR, LinearLR, SequentialLR, SGD } from '@q/nn/optim';
 *
 * const optimizer = new SGD(new Linear(2, 1).parameters(), { lr: 0.1 });
 * const warmUp = new LinearLR(optimizer, { startFactor: 0.1, totalIters: 5 });
 * const scheduler = new SequentialLR(optimizer, [warmUp, new CosineAnnealingLR(optimizer, 20)], [5]);
 * ```
 *
 * @throws ArgumentError unless there is one milestone between each two schedulers, in rising order
 */
export class SequentialLR extends CombinedScheduler {
  /** Epochs at which the next scheduler takes over. */
  readonly milestones: readonly number[];

  constructor(optimizer: Scheduled, schedulers: readonly LRScheduler[], milestones: readonly number[]) {
    super('SequentialLR', schedulers, optimizer);
    const rising = (value: number, i: number): boolean => Number.isInteger(value) && value > (milestones[i - 1] ?? 0);
    if (
      !Array.isArray(milestones) ||
      milestones.length !== schedulers.length - 1 ||
      !Array.from<number>(milestones).every(rising)
    )
      throw new ArgumentError(
        `SequentialLR: wants ${schedulers.length - 1} rising milestones for ${schedulers.length} schedulers, got ${described(milestones)}.`,
      );
    this.milestones = [...milestones];
    this.restart();
  }

  override restart(): void {
    this.schedulers[0]!.restart();
    this.lastEpoch = 0;
  }

  override step(): void {
    const next = this.lastEpoch + 1;
    const at = this.milestones.filter((milestone) => milestone <= next).length;
    const scheduler = this.schedulers[at]!;
    if (this.milestones[at - 1] === next) scheduler.restart();
    else scheduler.step();
    this.lastEpoch = next;
  }
}

/**
 * Several schedulers at once: each step is a step of all of them, in order.
 *
 * @throws ArgumentError unless all of them act on one optimizer
 */
export class ChainedScheduler extends CombinedScheduler {
  constructor(schedulers: readonly LRScheduler[], optimizer?: Scheduled) {
    super('ChainedScheduler', schedulers, optimizer);
  }

  override step(): void {
    this.attempt(() => {
      this.lastEpoch++;
      for (const scheduler of this.schedulers) scheduler.step();
    });
  }

  override assign(): void {
    for (const scheduler of this.schedulers) {
      scheduler.lastEpoch = this.lastEpoch;
      scheduler.assign();
    }
  }
}
