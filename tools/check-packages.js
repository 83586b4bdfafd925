/**
 * Packs every package as it would be published and looks at the tarballs: publint, @arethetypeswrong, and a fresh
 * project in which every entry point is imported and required, with eval and `new Function` switched off. The bundle that
 * Node gets must export what the modules do, under the same names.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const project = mkdtempSync(join(tmpdir(), 'q-packages-'));
const run = (command, args, cwd = project) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
const tool = (name, ...args) => run(join(root, 'node_modules/.bin', name), args);

try {
  run('npx', ['--yes', 'pnpm@12', '--filter', './packages/*', 'pack', '--pack-destination', project], root);
  for (const tarball of readdirSync(project)) {
    const name = /^q-(\w+)-/.exec(tarball)[1];
    const directory = join(project, 'node_modules/@q', name);
    mkdirSync(directory, { recursive: true });
    run('tar', ['-xzf', tarball, '--strip-components=1', '-C', directory]);
    tool('publint', '--strict', tarball);
    tool('attw', tarball, '--profile', 'esm-only', '--quiet');
  }
  for (const name of readdirSync(join(project, 'node_modules/@q'))) {
    const { exports } = JSON.parse(readFileSync(join(project, 'node_modules/@q', name, 'package.json'), 'utf8'));
    for (const entry of Object.keys(exports).filter((path) => !path.endsWith('.json'))) {
      const specifier = JSON.stringify(join(`@q/${name}`, entry));
      const script = `import(${specifier}).then((imported) => {
        if (imported !== require(${specifier})) throw new Error('import and require differ: ' + ${specifier});
        if (Object.keys(imported).length === 0) throw new Error('exports nothing: ' + ${specifier});
      });`;
      const target = exports[entry];
      const [bundled, modules] = [target.node, target.default].map((file) => {
        const script = `import(${JSON.stringify(join(project, 'node_modules/@q', name, file))}).then((imported) =>
          console.log(JSON.stringify(Object.entries(imported).map(([key, value]) => [key, typeof value, value?.name].join(' '))))
        );`;
        return new Set(JSON.parse(run(process.execPath, ['--input-type=module', '-e', script]).toString()));
      });
      const different = [...bundled]
        .filter((name) => !modules.has(name))
        .concat([...modules].filter((name) => !bundled.has(name)));
      if (different.length > 0)
        throw new Error(`the bundle for Node exports something else: ${specifier}: ${different.join(', ')}`);
      const flags = ['--disallow-code-generation-from-strings', '--no-warnings', '--input-type=commonjs'];
      run(process.execPath, [...flags, '-e', script]);
      console.log(`${JSON.parse(specifier)}: packed, imported and required`);
    }
  }
} catch (error) {
  process.exitCode = 1;
  console.error(error.stdout?.toString() || error.message);
} finally {
  rmSync(project, { recursive: true, force: true });
}
