/**
 * Makes one file of each entry of each package, for Node, where a file costs more to load than what is in it. Bundlers and
 * browsers take the modules themselves (the `default` of each export), of which they leave out what is not used.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const packages = join(import.meta.dirname, '../packages');

await Promise.all(
  ['tensor', 'nn', 'quant'].map((name) => {
    const directory = join(packages, name);
    const { exports } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    const entries = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : [target.default]));
    return build({
      entryPoints: entries.map((entry) => join(directory, entry)),
      outdir: join(directory, 'dist/node'),
      outbase: join(directory, 'dist'),
      bundle: true,
      // Entries share what they have in common: there must be one class Tensor.
      splitting: true,
      format: 'esm',
      target: 'es2022',
      external: ['@q/*'],
      // Names of classes are seen by users, in errors and printed modules.
      keepNames: true,
      minifyWhitespace: true,
      sourcemap: true,
      sourcesContent: false,
      logLevel: 'warning',
    });
  }),
);
