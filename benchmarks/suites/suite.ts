import Benchmark from 'benchmark';
import { scope } from '@q/tensor';

/**
 * What to measure, by name. Results are freed after each run, as a loop written for speed would do; what a case shall keep
 * (gradients, optimiser states) is kept by the operations themselves.
 */
export type Cases = Readonly<Record<string, () => unknown>>;

/** Measures every case with Benchmark.js and prints a line for each. */
export function runSuite(title: string, cases: Cases): void {
  console.log(`\n${title}`);
  const suite = new Benchmark.Suite(title);
  for (const [name, run] of Object.entries(cases))
    suite.add(name, () => {
      scope(() => {
        run();
      });
    });
  suite.on('cycle', ({ target: { name, stats, error } }: { target: Benchmark }) => {
    if (error) throw error;
    const us = stats!.mean * 1e6;
    console.log(`  ${name!.padEnd(44)}${us.toFixed(us < 100 ? 2 : 0).padStart(10)} us  ±${stats!.rme.toFixed(1)}%`);
  });
  suite.run();
}
