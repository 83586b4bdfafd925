/** Golden files as jest tests: one test per group of a topic, every failing case named. */
import { join } from 'node:path';
import { goldenFiles, runCases } from './report.js';
import type { Library } from './library.js';
import { NotBuilt, type GoldenCase, type Topics } from './runner.js';
import { casesOf } from './topics.js';

export interface SuiteOptions {
  /** What the library of this suite may lack; anything else that is not built fails. */
  readonly mayLack?: RegExp;
  /** Groups to run; all where absent. */
  readonly groups?: readonly string[];
}

/** Defines the tests for every golden file of a folder. */
export function goldenSuite(
  folder: string,
  topics: Topics,
  library: Library,
  { mayLack = /^$/, groups: wanted }: SuiteOptions = {},
): void {
  for (const [, file] of goldenFiles(folder)) {
    const groups = new Map<string, GoldenCase[]>();
    for (const golden of casesOf(file, topics, library)) {
      if (wanted !== undefined && !wanted.includes(golden.group)) continue;
      const group = groups.get(golden.group) ?? [];
      groups.set(golden.group, group);
      group.push(golden);
    }
    if (groups.size > 0)
      describe(file.topic, () => {
        for (const [group, cases] of groups)
          it(`${group}: ${cases.length} cases`, async () => {
            const { failures, reasons } = await runCases(cases);
            const missing = [...reasons.keys()].filter(
              (reason) => reason.startsWith(NotBuilt.prefix) && !mayLack.test(reason.slice(NotBuilt.prefix.length)),
            );
            expect([...failures, ...missing]).toEqual([]);
          });
      });
  }
}

/** The stored golden files beside a test file's folder. */
export const goldenFolder = (directory: string): string => join(directory, 'golden');
