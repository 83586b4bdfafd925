import { setTimeout } from 'node:timers/promises';
import type { ContenderProcess } from './process.js';
import type { Numbers } from './peer.js';
import { floatTolerance, type Workload } from './workloads.js';

/** One line of a table: medians in microseconds. */
export interface Row {
  readonly workload: string;
  readonly threads: number;
  readonly oursUs: number;
  /** The other libraries that compute it, native ones included. */
  readonly peersUs: Readonly<Record<string, number>>;
  /** Figures that explain the others and are not compared. */
  readonly besideUs: Readonly<Record<string, number>>;
  /** The fastest of the libraries for JavaScript and WebAssembly. */
  readonly bestJsPeer: string | null;
  /** Its median by ours. */
  readonly ratio: number | null;
  /** For networks on integers: the median of our float network by ours. */
  readonly floatRatio: number | null;
}

/** The results that others must have, and whose they are. */
interface Reference {
  readonly name: string;
  readonly results: readonly Numbers[];
}

/** The largest difference, relative to the largest element. */
function difference(ours: readonly Numbers[], theirs: readonly Numbers[]): number {
  if (ours.length !== theirs.length) return Infinity;
  let largest = 0;
  for (const [i, expected] of ours.entries()) {
    const actual = theirs[i]!;
    if (actual.length !== expected.length) return Infinity;
    let [apart, size] = [0, 0];
    for (const [at, value] of expected.entries()) {
      size = Math.max(size, Math.abs(value));
      // NaN on one side only makes this NaN, which no tolerance admits.
      apart =
        Math.abs(value - actual[at]!) > apart || Number.isNaN(value - actual[at]!)
          ? Math.abs(value - actual[at]!)
          : apart;
    }
    largest = Math.max(largest, apart === 0 ? 0 : apart / size);
  }
  return largest;
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Milliseconds after which threads that wait for more work have gone to sleep, and take no processor from who comes next. */
const SETTLED_MS = 50;

/**
 * Measures a workload in rounds, one sample of everybody in each, after their results were found equal. A contender whose
 * result differs is an error: its time would say nothing.
 */
export async function compare(
  processes: readonly ContenderProcess[],
  workload: Workload,
  threads: number,
  rounds: number,
): Promise<Row> {
  /** Whose results the others must have: ours, and those of our float network for those that compute with floats. */
  const first: { ours?: Reference; float?: Reference } = {};
  const taking: ContenderProcess[] = [];
  for (const contender of processes) {
    const results = await contender.prepare(workload.id);
    if (!results) continue;
    const { name, float = false } = contender.contender;
    const expected = (first[float ? 'float' : 'ours'] ??= { name, results });
    const apart = difference(expected.results, results);
    const tolerance = float ? floatTolerance : workload.tolerance;
    if (!(apart <= tolerance))
      throw new Error(
        `${workload.id}: ${name} differs from ${expected.name} by ${apart} of the largest element, more than ${tolerance}.`,
      );
    taking.push(contender);
  }
  for (const contender of taking) await contender.warmUp();
  const samples = taking.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < taking.length; turn++) {
      // Everybody comes after everybody else in turn.
      const at = (turn + round) % taking.length;
      samples[at]!.push(await taking[at]!.sample());
      if (threads > 1) await setTimeout(SETTLED_MS);
    }
  const us = (kind: string): Record<string, number> =>
    Object.fromEntries(
      taking.flatMap(({ contender }, i) => (contender.kind === kind ? [[contender.name, median(samples[i]!)]] : [])),
    );
  const besideUs = us('beside');
  const floatUs = besideUs[first.float?.name ?? ''];
  const [oursUs] = Object.values(us('ours')) as [number];
  const wasm = us('wasm');
  const [best] = Object.entries(wasm).sort(([, a], [, b]) => a - b);
  return {
    workload: workload.id,
    threads,
    oursUs,
    peersUs: { ...wasm, ...us('native') },
    besideUs,
    bestJsPeer: best?.[0] ?? null,
    ratio: best ? best[1] / oursUs : null,
    floatRatio: floatUs === undefined ? null : floatUs / oursUs,
  };
}
