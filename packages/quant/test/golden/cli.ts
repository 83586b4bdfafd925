/**
 * Runs every golden file of a folder against the library:
 *
 *     pnpm golden --dir DIR [--topic NAME] [--case SUBSTRING]
 *
 * Prints a line per file, every failure with its first difference, each reason for skipping once, and the totals last.
 * Exits with 1 where a case failed.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { casesOf } from '../../../tensor/test/golden/topics.js';
import { goldenFiles, runCases } from '../../../tensor/test/golden/report.js';
import { NotBuilt } from '../../../tensor/test/golden/runner.js';
import { library, topics } from './topics.js';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { dir: { type: 'string' }, topic: { type: 'string' }, case: { type: 'string' } },
  });
  if (values.dir === undefined) {
    console.error('usage: golden --dir DIR [--topic NAME] [--case SUBSTRING]');
    return 2;
  }
  const folder = resolve(process.env.INIT_CWD ?? process.cwd(), values.dir);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const reasons = new Map<string, number>();
  for (const [name, file] of goldenFiles(folder)) {
    if (values.topic !== undefined && file.topic !== values.topic) continue;
    const cases = casesOf(file, topics, library).filter((golden) => golden.name.includes(values.case ?? ''));
    if (cases.length === 0) continue;
    const report = await runCases(cases);
    totals.passed += report.passed;
    totals.failed += report.failed;
    totals.skipped += report.skipped;
    console.log(`${name.padEnd(32)} ${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
    for (const failure of report.failures) console.log(`    FAILED ${failure}`);
    for (const [reason, count] of report.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  const missing = [...reasons].filter(([reason]) => reason.startsWith(NotBuilt.prefix));
  if (reasons.size > 0) console.log('\nSkipped:');
  for (const [reason, count] of reasons)
    if (!reason.startsWith(NotBuilt.prefix)) console.log(`    ${count} x ${reason}`);
  if (missing.length > 0) {
    const list = missing.map(([reason, count]) => `${reason.slice(NotBuilt.prefix.length)} (${count})`).sort();
    console.log(`    ${NotBuilt.prefix}${list.join(', ')}`);
  }
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  return totals.failed > 0 ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
