/** Golden files as jest tests: one test per group of a topic, every failing case named. */
import { join } from 'node:path';
import { goldenFiles, runCases } from './report.js';
import type { Library } from './library.js';
import type { GoldenCase, Topics } from './runner.js';
import { casesOf } from './topics.js';

/** Defines the tests for every golden file of a folder. */
export function goldenSuite(folder: string, topics: Topics, library: Library): void {
  for (const [, file] of goldenFiles(folder)) {
    const groups = new Map<string, GoldenCase[]>();
    for (const golden of casesOf(file, topics, library)) {
      const group = groups.get(golden.group) ?? [];
      groups.set(golden.group, group);
      group.push(golden);
    }
    describe(file.topic, () => {
      for (const [group, cases] of groups)
        it(`${group}: ${cases.length} cases`, async () => {
          expect((await runCases(cases)).failures).toEqual([]);
        });
    });
  }
}

/** The stored golden files beside a test file's folder. */
export const goldenFolder = (directory: string): string => join(directory, 'golden');
