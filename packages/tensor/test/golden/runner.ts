/** Running golden cases: outcomes, reports and the reasons for what is left out. */
import { QError } from '@q/tensor';
import type { GoldenFile } from './format.js';

/** Thrown where a case needs something the library does not have yet. */
export class NotBuilt extends Error {
  static readonly prefix = 'not built: ';
  override name = 'NotBuilt';
  constructor(what: string) {
    super(NotBuilt.prefix + what);
  }
}

/** Thrown where a case does not apply to this library by design. */
export class LeftOut extends Error {
  override name = 'LeftOut';
}

/** Thrown where a result is not what the file expects. */
export class Mismatch extends Error {
  override name = 'Mismatch';
}

export type Outcome =
  | { readonly status: 'passed' }
  | { readonly status: 'failed'; readonly message: string }
  | { readonly status: 'skipped'; readonly reason: string };

/** One case, ready to run. `group` is the operation, module or class it is about. */
export interface GoldenCase {
  readonly name: string;
  readonly group: string;
  readonly run: () => void | Promise<void>;
}

/** Turns a file of a topic into cases. */
export type Topic = (file: GoldenFile) => readonly GoldenCase[];

/** Topics by the name that stands in the files. */
export type Topics = Readonly<Record<string, Topic>>;

/** Runs one case; only the library's own errors may escape from it where a case expects a throw. */
export async function runCase(golden: GoldenCase): Promise<Outcome> {
  try {
    await golden.run();
    return { status: 'passed' };
  } catch (error) {
    if (error instanceof NotBuilt || error instanceof LeftOut) return { status: 'skipped', reason: error.message };
    if (error instanceof Mismatch) return { status: 'failed', message: error.message };
    return { status: 'failed', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** Throws unless `difference` is null. */
export function same(what: string, difference: string | null): void {
  if (difference !== null) throw new Mismatch(`${what}: ${difference}`);
}

/** Runs `action`, which must throw one of the library's own errors. */
export function mustThrow(action: () => unknown, expected: string): void {
  let result: unknown;
  try {
    result = action();
  } catch (error) {
    if (error instanceof QError) return;
    throw error;
  }
  throw new Mismatch(`returned ${String(result)} where an error is expected (${expected})`);
}
