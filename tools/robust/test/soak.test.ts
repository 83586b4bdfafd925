import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryUsage } from '@q/tensor';
import { onWarning } from '@q/quant';
import { full, soakMinutes } from '../scale.js';
import { Work } from '../work.js';

const MIB = 1024 * 1024;
const minutes = soakMinutes();

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** MiB held, of each kind, once the collector has taken what nobody can reach. */
async function usage() {
  for (let i = 0; i < 2; i++) {
    collect();
    await sleep(0);
  }
  const { rss, arrayBuffers, heapUsed: heap } = process.memoryUsage();
  const { used, reserved: kernel } = memoryUsage();
  return { rss: rss / MIB, heap: heap / MIB, arrayBuffers: arrayBuffers / MIB, kernel: kernel / MIB, used: used / MIB };
}

type Usage = Awaited<ReturnType<typeof usage>>;

/**
 * MiB by which each may differ between the second and the last third of the time. What programs keep is exactly flat; the process
 * also holds code that is still being compiled and pages that it has not given back, for the few seconds of the fast run most of all.
 */
const slack: Usage = full
  ? { rss: 24, heap: 2, arrayBuffers: 1, kernel: 0, used: 1 }
  : { rss: 96, heap: 8, arrayBuffers: 8, kernel: 64, used: 8 };

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

it(
  `trains, calibrates, lowers, stores and infers for ${minutes} minutes in memory that does not grow`,
  async () => {
    onWarning(() => undefined);
    const work = new Work();
    const start = performance.now();
    const duration = minutes * 60_000;
    const share = (): number => (performance.now() - start) / duration;
    const thirds: [Usage[], Usage[], Usage[]] = [[], [], []];
    let rounds = 0;
    for (let next = 0; share() < 1; rounds++) {
      work.next();
      if (share() < next) continue;
      next = share() + 1 / 90;
      thirds[Math.min(2, Math.floor(share() * 3))]!.push(await usage());
    }
    const lines = (Object.keys(slack) as (keyof Usage)[]).map((kind) => {
      const [, second, last] = thirds.map((samples) => median(samples.map((sample) => sample[kind])));
      return { kind, second: second!, last: last! };
    });
    if (full)
      process.stdout.write(
        `${rounds} rounds in ${minutes} minutes; MiB in the second and the last third: ` +
          `${lines.map(({ kind, second, last }) => `${kind} ${second.toFixed(1)} ${last.toFixed(1)}`).join(', ')}\n`,
      );
    expect(lines.filter(({ kind, second, last }) => last - second > slack[kind])).toEqual([]);
  },
  minutes * 60_000 + 120_000,
);
