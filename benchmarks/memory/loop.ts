import type { Measurement } from './main.js';

const samples = 40;

/** Where a loop is given up, before the machine is out of memory. */
const GIVE_UP_MIB = 4096;
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** Repeats without a pause, so that the garbage collector's reports never come in between, and prints the memory used. */
export function measureLoop(loop: string, repeats: number, run: (i: number) => void): void {
  const residentMiB: number[] = [];
  const start = performance.now();
  for (let i = 1; i <= repeats; i++) {
    run(i);
    if (i % (repeats / samples) !== 0) continue;
    const resident = mebibytes(process.memoryUsage.rss());
    residentMiB.push(resident);
    if (resident > GIVE_UP_MIB) throw new Error(`${loop}: ${resident} MiB resident after ${i} of ${repeats}.`);
  }
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  const peakMiB = mebibytes(process.resourceUsage().maxRSS * 1024);
  const measurement: Measurement = { loop, repeats, residentMiB, peakMiB, seconds };
  console.log(JSON.stringify(measurement));
}
