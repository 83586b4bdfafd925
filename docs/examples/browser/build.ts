/** Builds the page: one HTML file with everything in it, which works from any server, from a disk, and without a network. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const result = await build({
  entryPoints: [join(here, 'main.ts')],
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  target: 'es2022',
  conditions: ['default'],
  loader: { '.u8': 'binary', '.safetensors': 'binary' },
  // The example's dataset reads files; in a page they are at hand.
  alias: { 'node:fs': join(here, 'assets.ts'), 'node:path': join(here, 'assets.ts') },
  define: { 'import.meta.dirname': '""' },
});
const script = result.outputFiles[0]!.text.replaceAll('</script', '<\\/script');
const style = readFileSync(join(here, 'style.css'), 'utf8');
const page = readFileSync(join(here, 'index.html'), 'utf8')
  .replace('<link rel="stylesheet" href="style.css" />', () => `<style>\n${style}</style>`)
  .replace('<script type="module" src="main.ts"></script>', () => `<script type="module">${script}</script>`);
const out = process.argv[2] ?? join(here, 'out');
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'index.html'), page);
console.log(`${join(out, 'index.html')}: ${Math.round(page.length / 1024)} KiB`);
