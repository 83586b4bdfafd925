/**
 * What the packages cost before they do anything: milliseconds for `import` and a first operation in a fresh process, and
 * bytes of a bundle, minified and compressed. `--json <file>` records the figures.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { machine } from './machine.js';

const { values: options } = parseArgs({ options: { json: { type: 'string' } } });
const starts = 15;

/** Median over fresh processes of what a script prints. */
function median(script: string): number {
  const run = () =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
        cwd: import.meta.dirname,
        encoding: 'utf8',
      }),
    );
  const times = Array.from({ length: starts }, run).sort((a, b) => a - b);
  return Math.round(times[starts >> 1]! * 10) / 10;
}

const timed = (first: string): string => `
  const start = performance.now();
  const { tensor, ones } = await import('@q/tensor');
  ${first}
  console.log(performance.now() - start);`;

async function gzipBytes(entries: readonly string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: {
      contents: entries.map((entry, i) => `export * as part${i} from '${entry}';`).join('\n'),
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    write: false,
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

const loadMs = {
  'import of @q/tensor': median(timed('')),
  'import and tensor([1, 2]).add(1)': median(timed('tensor([1, 2]).add(1).toArray();')),
  'import and a product of [64, 64]': median(timed('ones([64, 64]).matmul(ones([64, 64])).sum().item();')),
};
const bundles = {
  '@q/tensor': ['@q/tensor', '@q/tensor/io'],
  '@q/nn with @q/tensor': ['@q/tensor', '@q/tensor/io', '@q/nn', '@q/nn/optim'],
  'all three': ['@q/tensor', '@q/tensor/io', '@q/nn', '@q/nn/optim', '@q/quant'],
};
const gzipKB = Object.fromEntries(
  await Promise.all(
    Object.entries(bundles).map(
      async ([name, entries]) => [name, Math.round((await gzipBytes(entries)) / 100) / 10] as const,
    ),
  ),
);

for (const [what, ms] of Object.entries(loadMs)) console.log(`${what}: ${ms} ms`);
for (const [what, size] of Object.entries(gzipKB)) console.log(`bundle of ${what}: ${size} KB gzip`);
if (options.json !== undefined) {
  const record = { machine, node: process.version, loadMs, gzipKB };
  writeFileSync(resolve(process.env.INIT_CWD ?? '.', options.json), `${JSON.stringify(record, null, 2)}\n`);
}
