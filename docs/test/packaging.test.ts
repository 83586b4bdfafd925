import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  name: string;
  version: string;
  type: string;
  license: string;
  sideEffects: boolean;
  engines: { node: string };
  files: string[];
  exports: Record<string, string | { types: string; node: string; default: string }>;
  dependencies?: Record<string, string>;
}

const packages = join(import.meta.dirname, '../../packages');
const directories = ['tensor', 'nn', 'quant'];
const described = directories.map((directory, rank) => ({
  directory,
  rank,
  manifest: JSON.parse(readFileSync(join(packages, directory, 'package.json'), 'utf8')) as Manifest,
}));

describe.each(described)('@q/$directory', ({ directory, rank, manifest }) => {
  it('is an ES module package without side effects, for the Node versions we support', () => {
    expect(manifest.name).toBe(`@q/${directory}`);
    expect(manifest).toMatchObject({
      type: 'module',
      sideEffects: false,
      license: 'Apache-2.0',
      engines: { node: '>=20.19' },
    });
  });

  it('has the same version as its sisters', () => {
    for (const sister of described) expect(sister.manifest.version).toBe(manifest.version);
  });

  it('exports only modules that the build emits, each with its types', () => {
    expect(manifest.files).toContain('dist');
    for (const target of Object.values(manifest.exports)) {
      if (typeof target === 'string') {
        expect(existsSync(join(packages, directory, target))).toBe(true);
        continue;
      }
      const [, module] = /^\.\/dist\/(.+)\.js$/.exec(target.default) ?? [];
      expect(target.types).toBe(`./dist/${module}.d.ts`);
      expect(target.node).toBe(`./dist/node/${module}.js`);
      expect(existsSync(join(packages, directory, 'src', `${module}.ts`))).toBe(true);
    }
  });

  it('names its types before its code, as resolvers take the first condition that fits', () => {
    const targets = Object.values(manifest.exports).filter((target) => typeof target !== 'string');
    for (const target of targets) expect(Object.keys(target)).toEqual(['types', 'node', 'default']);
  });

  it('depends on nothing but the packages below it', () =>
    expect(manifest.dependencies ?? {}).toEqual(
      Object.fromEntries(
        directories
          .slice(0, rank)
          .map((below) => [`@q/${below}`, 'workspace:*'])
          .sort(),
      ),
    ));
});

it('stack traces name functions of the library, and lead to its sources where Node is asked for it', () => {
  const script = `
    import { ones } from '@q/tensor';
    try { ones([2, 3]).matmul(ones([2, 3])); } catch (error) { console.log(error.stack); }`;
  const trace = (...flags: string[]): string =>
    execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', script], {
      cwd: join(import.meta.dirname, '..'),
      encoding: 'utf8',
    });
  expect(trace()).toMatch(/at Tensor\.matmul .*dist\/node\/shared\.js/);
  expect(trace('--enable-source-maps')).toMatch(/at Tensor\.matmul .*src\/tensor\/matmul\.ts/);
});
