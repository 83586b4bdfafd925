/**
 * Our operations beside those of other libraries.
 *
 * Options: `--json <file>`; `--only <workload>,...`; `--threads 1,2` (default 1); `--samples <n>` (default 25);
 * `--node24` to run under Node 24 as well; `--clock cpu` to count the time that each process computes, on a busy machine.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from '../machine.js';
import { compare, type Row } from './compare.js';
import type { Clock, Contender } from './peer.js';
import { ContenderProcess } from './process.js';
import { printHeader, printRow } from './table.js';
import { workloadOf, workloads } from './workloads.js';

// With paths in a tsconfig, the sources are measured as a transpiler left them, which are slower than what users load.
if (!import.meta.resolve('@q/tensor').includes('/dist/'))
  throw new Error('bench:peers measures built packages. Unset TSX_TSCONFIG_PATH.');

const contenders: readonly Contender[] = [
  { name: 'q', module: 'q', variant: 'scope', kind: 'ours' },
  { name: 'q without scope', module: 'q', variant: 'plain', kind: 'beside' },
  { name: 'q float', module: 'q', variant: 'float', kind: 'beside', float: true },
  { name: 'q simulated', module: 'q', variant: 'simulated', kind: 'beside' },
  { name: 'tfjs-wasm', module: 'tfjs', variant: 'wasm', kind: 'wasm' },
  { name: 'tfjs-cpu', module: 'tfjs', variant: 'cpu', kind: 'wasm' },
  { name: 'onnxruntime-web', module: 'onnxruntime', variant: 'web', kind: 'wasm' },
  { name: 'onnxruntime-web in a graph', module: 'onnxruntime', variant: 'web-graph', kind: 'beside' },
  { name: 'onnxruntime-web float', module: 'onnxruntime', variant: 'web-float', kind: 'beside', float: true },
  { name: 'jax-js', module: 'jax', kind: 'wasm' },
  { name: 'JS loop', module: 'loops', kind: 'wasm' },
  { name: 'onnxruntime-node', module: 'onnxruntime', variant: 'node', kind: 'native' },
];

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    threads: { type: 'string', default: '1' },
    samples: { type: 'string', default: '25' },
    clock: { type: 'string', default: 'wall' },
    node24: { type: 'boolean', default: false },
  },
});
const positive = (name: string, text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name}: wants positive integers, got '${text}'.`);
  return number;
};
const chosen = options.only === undefined ? workloads : options.only.split(',').map(workloadOf);
const threadCounts = options.threads.split(',').map((text) => positive('threads', text));
const clockOf = (text: string): Clock => {
  if (text !== 'wall' && text !== 'cpu') throw new Error(`--clock: wants 'wall' or 'cpu', got '${text}'.`);
  return text;
};
const clock = clockOf(options.clock);
const samples = positive('samples', options.samples);
// Where it was called, not where pnpm changed to.
const target = options.json === undefined ? null : resolve(process.env.INIT_CWD ?? '.', options.json);

const root = join(import.meta.dirname, '../..');
if (!existsSync(join(import.meta.dirname, 'node_modules'))) {
  console.log('Installing the libraries to compare with ...');
  const command = ['--yes', 'pnpm@12', 'install', '--frozen-lockfile', '--filter=@q/peers'];
  execFileSync('npx', command, { cwd: root, stdio: 'inherit' });
}

/** Path of a Node of the major version 24. */
function node24(): string {
  const path = 'console.log(process.execPath)';
  return execFileSync('npx', ['--yes', '--package=node@24', 'node', '-e', path], { encoding: 'utf8' }).trim();
}

/** What one Node measured. */
interface Run {
  readonly path: string;
  readonly node: string;
  readonly rows: Row[];
}

const runOf = (path: string): Run => ({
  path,
  node: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(),
  rows: [],
});
const current = runOf(process.execPath);
const newer = options.node24 ? runOf(node24()) : null;

/** Writes what there is so far: a long run may be cut short. */
function record(): void {
  if (target === null) return;
  const figures = ({ node, rows }: Run) => ({ node, rows });
  const result = { machine, clock, ...figures(current), ...(newer ? { node24: figures(newer) } : {}) };
  writeFileSync(target, `${JSON.stringify(result, null, 2)}\n`);
}

for (const { node, path, rows } of newer ? [current, newer] : [current])
  for (const threads of threadCounts) {
    const processes = await Promise.all(
      contenders.map((contender) => ContenderProcess.start(contender, path, threads, clock)),
    );
    printHeader(`Node ${node}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`);
    for (const workload of chosen) {
      const row = await compare(processes, workload, threads, samples);
      printRow(row);
      rows.push(row);
      record();
    }
    for (const contender of processes) contender.stop();
  }
