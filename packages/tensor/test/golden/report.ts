/** Running whole files and folders: counts per topic, failures by name, reasons for what was left out. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readGoldenFile, type GoldenFile } from './format.js';
import { runCase, type GoldenCase } from './runner.js';

export interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** `name: first difference`, one line per failed case. */
  readonly failures: readonly string[];
  /** How many cases were skipped for each reason. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** Runs cases one after the other. */
export async function runCases(cases: readonly GoldenCase[]): Promise<Report> {
  const failures: string[] = [];
  const reasons = new Map<string, number>();
  for (const golden of cases) {
    const outcome = await runCase(golden);
    if (outcome.status === 'failed') failures.push(`${golden.name}: ${outcome.message}`);
    if (outcome.status === 'skipped') reasons.set(outcome.reason, (reasons.get(outcome.reason) ?? 0) + 1);
  }
  const skipped = [...reasons.values()].reduce((a, b) => a + b, 0);
  return { passed: cases.length - failures.length - skipped, failed: failures.length, skipped, failures, reasons };
}

/** The golden files of a folder, by file name. */
export const goldenFiles = (folder: string): readonly (readonly [string, GoldenFile])[] =>
  readdirSync(folder)
    .filter((name) => /\.json(\.gz)?$/.test(name))
    .sort()
    .flatMap((name) => {
      const file = readGoldenFile(join(folder, name));
      return file === null ? [] : [[name, file] as const];
    });
