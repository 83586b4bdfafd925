/**
 * Resident memory of two synchronous loops without any scope, each in a process of its own. Fails where it grows without
 * bound. `--json <file>` records the figures.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from '../machine.js';

export interface Measurement {
  /** What was repeated, and how often. */
  readonly loop: string;
  readonly repeats: number;
  /** Resident memory in MiB along the way, evenly spaced. */
  readonly residentMiB: readonly number[];
  readonly peakMiB: number;
  readonly seconds: number;
}

const { values: options } = parseArgs({ options: { json: { type: 'string' } } });
const measure = (loop: string): Measurement =>
  JSON.parse(
    execFileSync(process.execPath, ['--import', 'tsx', join(import.meta.dirname, `${loop}.ts`)], { encoding: 'utf8' }),
  ) as Measurement;

const training = measure('training');
const operations = measure('operations');
// The first tenth of the steps may still fill the caches.
const settled = training.residentMiB.slice(Math.floor(training.residentMiB.length / 10) - 1);
const growth = Math.max(...settled) / settled[0]!;
const checks = [
  { what: 'growth of resident memory after step 2000', value: growth, limit: 1.3 },
  { what: 'peak of resident memory in MiB', value: operations.peakMiB, limit: 1024 },
];

for (const { loop, repeats, residentMiB, peakMiB, seconds } of [training, operations])
  console.log(
    `${repeats} x ${loop}: ${residentMiB[0]} MiB at first, ${residentMiB.at(-1)} at the end, at most ${peakMiB}; ${seconds} s`,
  );
for (const { what, value, limit } of checks) {
  console.log(`${what}: ${value.toFixed(2)}, limit ${limit}${value > limit ? ' - EXCEEDED' : ''}`);
  if (value > limit) process.exitCode = 1;
}
if (options.json !== undefined) {
  const record = { machine, node: process.version, training, growth, operations };
  writeFileSync(resolve(process.env.INIT_CWD ?? '.', options.json), `${JSON.stringify(record, null, 2)}\n`);
}
