import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The folder with the packages installed from their tarballs. */
export const project = process.env.Q_EMBED_PROJECT!;

/** What `quickStart()` of fixtures/quick-start.js returns. */
export interface QuickStart {
  /** Results that are exact in every engine, as hexadecimal bits. */
  readonly bits: Readonly<Record<string, string>>;
  /** Results of long float sums, whose last bits depend on fused multiply-add. */
  readonly floats: readonly number[];
}

/** Runs Node in the project and parses what it prints. */
export function node<T>(...args: readonly string[]): T {
  const text = execFileSync(process.execPath, ['--no-warnings', ...args], { cwd: project, encoding: 'utf8' });
  return JSON.parse(text) as T;
}

/** Runs a development tool on the project, as its own scripts would, and gives what it printed and its exit code. */
export function tool(name: string, ...args: readonly string[]): { readonly status: number; readonly output: string } {
  const directory = name === 'tsc' ? join(import.meta.dirname, '../..') : import.meta.dirname;
  const result = spawnSync(join(directory, 'node_modules/.bin', name), args, { cwd: project, encoding: 'utf8' });
  return { status: result.status ?? 1, output: `${result.stdout}${result.stderr}` };
}
