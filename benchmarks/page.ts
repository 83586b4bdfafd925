/** Writes what `benchmarks/results` records into the page on performance. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurement } from './memory/main.js';

interface Row {
  readonly workload: string;
  readonly threads: number;
  readonly oursUs: number;
  readonly peersUs: Readonly<Record<string, number>>;
  readonly besideUs: Readonly<Record<string, number>>;
  readonly bestJsPeer: string | null;
  readonly ratio: number | null;
  /** Of networks on integers: our float network by ours. */
  readonly floatRatio?: number | null;
}

interface Run {
  readonly node: string;
  readonly rows: readonly Row[];
}

interface Results {
  readonly peers: Run & { readonly machine: string; readonly clock: 'wall' | 'cpu'; readonly node24?: Run };
  readonly memory: { readonly training: Measurement; readonly operations: Measurement; readonly growth: number };
  readonly load: {
    readonly loadMs: Readonly<Record<string, number>>;
    readonly gzipKB: Readonly<Record<string, number>>;
  };
}

const results = join(import.meta.dirname, 'results');
const page = join(import.meta.dirname, '../docs/performance.md');
const native = 'onnxruntime-node';
const webFloat = 'onnxruntime-web float';

const read = (name: keyof Results): unknown => JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8'));
const { peers, memory, load } = { peers: read('peers'), memory: read('memory'), load: read('load') } as Results;

const times = (ratio: number | null | undefined): string =>
  ratio === null || ratio === undefined ? '' : `${ratio.toFixed(ratio < 10 ? 2 : 0)}x`;

const table = (header: readonly string[], lines: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** What a table says of a row, by the heading. Without one it is that of the Node version and number of threads. */
type Cells = readonly (readonly [heading: string | null, cell: (row: Row) => string])[];

const ratio: Cells = [
  [null, (row) => times(row.ratio)],
  ['best other', ({ bestJsPeer }) => bestJsPeer ?? ''],
];
const toNative: Cells = [['native', ({ oursUs, peersUs }) => times(peersUs[native] && peersUs[native] / oursUs)]];
const toFloat: Cells = [
  ['our floats', ({ floatRatio }) => times(floatRatio)],
  ['its floats', ({ oursUs, besideUs }) => times(besideUs[webFloat] && besideUs[webFloat] / oursUs)],
];

const onIntegers = ({ floatRatio = null }: Row): boolean => floatRatio !== null;

/** One line per workload, a group of columns per Node version and number of threads. */
function comparison(name: string, chosen: (row: Row) => boolean, cells: Cells): string {
  const columns = [peers, ...(peers.node24 ? [peers.node24] : [])].flatMap(({ node, rows }) =>
    [...new Set(rows.map((row) => row.threads))].map((threads) => ({
      title: `Node ${/\d+/.exec(node)?.[0]}${threads > 1 ? `, ${threads} threads` : ''}`,
      rows: new Map(rows.filter((row) => row.threads === threads && chosen(row)).map((row) => [row.workload, row])),
    })),
  );
  const workloads = [...columns[0]!.rows.keys()];
  if (workloads.length === 0) return '';
  return table(
    [name, ...columns.flatMap(({ title }) => cells.map(([heading]) => heading ?? title))],
    workloads.map((workload) => [
      `\`${workload}\``,
      ...columns.flatMap(({ rows }) => {
        const row = rows.get(workload);
        return cells.map(([, cell]) => (row ? cell(row) : ''));
      }),
    ]),
  );
}

const { training, operations, growth } = memory;
const clock =
  peers.clock === 'cpu'
    ? 'Times that each process computed (`--clock cpu`), as the machine was not idle.'
    : 'Times that passed.';

const generated = `Measured on ${peers.machine}. ${clock}

${comparison('workload', (row) => !onIntegers(row), [...ratio, ...toNative])}

${comparison('network on integers', onIntegers, [...ratio, ...toFloat, ...toNative])}

${table(
  ['resident memory, no scope', 'times', 'settled', 'at the end', 'at most'],
  [training, operations].map(({ loop, repeats, residentMiB, peakMiB }) => [
    loop,
    String(repeats),
    `${residentMiB[Math.floor(residentMiB.length / 10) - 1]} MiB`,
    `${residentMiB.at(-1)} MiB`,
    `${peakMiB} MiB`,
  ]),
)}

From step 2000 on, training grows by a factor of ${growth.toFixed(2)}.

${table(
  [`loading${peers.clock === 'cpu' ? ' (time that passed, on the busy machine)' : ''}`, ''],
  [
    ...Object.entries(load.loadMs).map(([what, ms]) => [what, `${ms} ms`]),
    ...Object.entries(load.gzipKB).map(([what, size]) => [`bundle of ${what}, minified`, `${size} KB gzip`]),
  ],
)}`;

const [start, end] = ['<!-- results -->', '<!-- end of results -->'];
const text = readFileSync(page, 'utf8');
const [from, to] = [text.indexOf(start) + start.length, text.indexOf(end)];
if (from < start.length || to < from) throw new Error(`${page} has no place for results.`);
writeFileSync(page, `${text.slice(0, from)}\n\n${generated}\n\n${text.slice(to)}`);
