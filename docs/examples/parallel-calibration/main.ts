/**
 * Calibrates a network in several workers: each observes a shard of the images, their statistics are merged.
 *
 * Options: `--workers <n>` (3), `--out <file>` for the merged statistics as JSON.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { activationQuantizers, analyzers, quantizableNet, type AnalyzerName } from './network.js';
import { batchesOf, imageCount, observeInWorkers, shardsOf } from './shards.js';
import { adopt, merge, observe } from './statistics.js';

const { values: options } = parseArgs({
  options: { workers: { type: 'string', default: '3' }, out: { type: 'string' } },
});
const workers = Number(options.workers);
if (!Number.isInteger(workers) || workers < 1 || workers > 8)
  throw new Error(`--workers must be 1 to 8, one batch each at least, got ${options.workers}.`);
const total = imageCount();
const shards = shardsOf(total, workers);
const written: Record<string, object> = {};

for (const analyzer of Object.keys(analyzers) as AnalyzerName[]) {
  const merged = merge(analyzer, await observeInWorkers(analyzer, shards));
  const net = quantizableNet(analyzer);
  adopt(net, merged);

  const alone = quantizableNet(analyzer);
  observe(alone, batchesOf({ start: 0, stop: total }));
  const onePass = activationQuantizers(alone);
  console.log(`\n${analyzer}: ${total} images, ${workers} workers\n`);
  console.log(`${'layer'.padEnd(10)}${'merged'.padStart(22)}${'one pass'.padStart(22)}`);
  for (const [name, quantizer] of activationQuantizers(net)) {
    const range = ({ min, max }: typeof quantizer) => `${min.item().toFixed(4)} … ${max.item().toFixed(4)}`;
    console.log(name.padEnd(10) + range(quantizer).padStart(22) + range(onePass.get(name)!).padStart(22));
  }
  written[analyzer] = Object.fromEntries(merged);
}
if (options.out) writeFileSync(options.out, JSON.stringify(written));
