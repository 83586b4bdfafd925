import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  activationQuantizers,
  analyzers,
  quantizableNet,
  type AnalyzerName,
} from '../examples/parallel-calibration/network.js';
import { batchesOf, imageCount, shardsOf } from '../examples/parallel-calibration/shards.js';
import { adopt, merge, observe, type Statistics } from '../examples/parallel-calibration/statistics.js';

jest.setTimeout(180_000);

const root = join(import.meta.dirname, '../..');
const total = imageCount();
const shards = shardsOf(total, 3);
const names = Object.keys(analyzers) as AnalyzerName[];

/** What the example writes: the merged statistics of its workers, by analyzer. */
let written: Record<string, Statistics>;
let printed: string;

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'calibration-'));
  try {
    const out = join(folder, 'statistics.json');
    printed = execFileSync(
      process.execPath,
      ['--import', 'tsx', join(root, 'docs/examples/parallel-calibration/main.ts'), '--workers', '3', '--out', out],
      // The sources, not what was last built.
      { cwd: root, encoding: 'utf8', env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.scripts.json') } },
    );
    written = JSON.parse(readFileSync(out, 'utf8')) as Record<string, Statistics>;
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

it('cuts the calibration set into shards that leave nothing out', () => {
  expect(shards.map(({ start }) => start).slice(1)).toEqual(shards.map(({ stop }) => stop).slice(0, -1));
  expect([shards[0]!.start, shards.at(-1)!.stop]).toEqual([0, total]);
});

it('MinMaxEncodingAnalyzer: workers see exactly what one pass over all images sees', () => {
  const onePass = observe(quantizableNet('MinMaxEncodingAnalyzer'), batchesOf({ start: 0, stop: total }));
  expect(written['MinMaxEncodingAnalyzer']).toEqual(json(onePass));
});

it.each(names)('%s: workers see what one process sees that observes the same shards in order', (name) => {
  const inProcess = shards.map((shard) => observe(quantizableNet(name), batchesOf(shard)));
  expect(written[name]).toEqual(json(Object.fromEntries(merge(name, inProcess))));
});

it('SqnrEncodingAnalyzer: merging loses no value, and moves a range by few steps of its grid', () => {
  const alone = quantizableNet('SqnrEncodingAnalyzer');
  const onePass = observe(alone, batchesOf({ start: 0, stop: total })) as Record<string, { stats: Histogram[] }>;
  const merged = merge('SqnrEncodingAnalyzer', [written['SqnrEncodingAnalyzer']!]);
  const net = quantizableNet('SqnrEncodingAnalyzer');
  adopt(net, merged);
  const sum = ({ histogram }: Histogram): number => histogram.reduce((a, b) => a + b, 0);
  for (const [name, quantizer] of activationQuantizers(net)) {
    const [stats] = merged.get(name)!.getStats() as readonly Histogram[];
    const [whole] = onePass[name]!.stats;
    expect([stats!.min, stats!.max, sum(stats!)]).toEqual([whole!.min, whole!.max, sum(whole!)]);
    const reference = activationQuantizers(alone).get(name)!;
    const step = reference.getScale()!.item();
    expect(Math.abs(quantizer.max.item() - reference.max.item()) / step).toBeLessThan(16);
  }
});

it('prints the ranges', () => {
  for (const name of names) expect(printed).toContain(`${name}: ${total} images, 3 workers`);
  expect(printed).toMatch(/relu1 +\S+ … \S+ +\S+ … \S+/);
});

interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly histogram: number[];
}
