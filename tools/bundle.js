/**
 * Makes one file of each package for Node, where a file costs more to load than what is in it. Bundlers and browsers take the
 * modules themselves (the `default` of each export), of which they leave out what is not used.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rollup } from 'rollup';

const packages = join(import.meta.dirname, '../packages');

for (const name of ['tensor', 'nn', 'quant']) {
  const directory = join(packages, name);
  const { exports } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const entries = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : [target]));
  const bundle = await rollup({
    input: Object.fromEntries(
      entries.map((target) => [target.node.replace(/^.*dist\/node\/|\.js$/g, ''), join(directory, target.default)]),
    ),
    external: /^@q\//,
    treeshake: false,
  });
  // What entries have in common goes into a file of its own: there must be one class Tensor.
  await bundle.write({
    dir: join(directory, 'dist/node'),
    format: 'esm',
    chunkFileNames: 'shared.js',
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await bundle.close();
}
