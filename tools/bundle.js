/**
 * Makes few files of each package for Node, where what is read before the first operation is most of what loading takes. Bundlers and
 * browsers take the modules themselves (the `default` of each export), of which they leave out what is not used.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rollup } from 'rollup';
import { minify } from 'terser';

const packages = join(import.meta.dirname, '../packages');

/** Modules with their maps, so that the map of a bundle leads to the sources. */
const mapped = {
  name: 'mapped',
  load: (id) => ({ code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') }),
};

/** Shortens what nobody sees: comments, indentation and the names of variables. Statements keep lines, functions and classes their names. */
const shortened = {
  name: 'shortened',
  async renderChunk(code) {
    const { code: short, map } = await minify(code, {
      module: true,
      compress: false,
      mangle: { keep_classnames: true, keep_fnames: true },
      format: { beautify: true, comments: false, indent_level: 0 },
      sourceMap: true,
    });
    return { code: short, map };
  },
};

for (const name of ['tensor', 'nn', 'quant']) {
  const directory = join(packages, name);
  const { exports } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const entries = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : [target]));
  const bundle = await rollup({
    input: Object.fromEntries(
      entries.map((target) => [target.node.replace(/^.*dist\/node\/|\.js$/g, ''), join(directory, target.default)]),
    ),
    external: /^@q\//,
    plugins: [mapped],
    treeshake: false,
  });
  // What entries have in common goes into a file of its own: there must be one class Tensor. All of them want most of @q/tensor.
  const apart = [join(directory, 'dist/io/'), ...entries.map((target) => join(directory, target.default))];
  const inShared = (id) => !apart.some((path) => id.startsWith(path));
  await bundle.write({
    dir: join(directory, 'dist/node'),
    format: 'esm',
    chunkFileNames: 'shared.js',
    ...(name === 'tensor' && { manualChunks: (id) => (inShared(id) ? 'shared' : null) }),
    plugins: [shortened],
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await bundle.close();
}
