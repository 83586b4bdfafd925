/**
 * Sets the version of the three packages and packs them: `npm run release -- 0.2.0 [folder]`. Nothing is published. Refuses
 * a version that the changelog does not describe, or that is not newer.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = join(import.meta.dirname, '..');
const [version, folder = 'release'] = process.argv.slice(2);
const parts = /^(\d+)\.(\d+)\.(\d+)$/
  .exec(version ?? '')
  ?.slice(1)
  .map(Number);
if (!parts) throw new Error(`release: wants a version such as 0.2.0, got ${version}.`);
if (!readFileSync(join(root, 'CHANGELOG.md'), 'utf8').includes(version))
  throw new Error(`release: CHANGELOG.md says nothing of ${version}.`);

const files = ['tensor', 'nn', 'quant'].map((name) => join(root, 'packages', name, 'package.json'));
const manifests = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
const [current] = new Set(manifests.map((manifest) => manifest.version));
const order = current.split('.').map((part, i) => parts[i] - Number(part));
if ((order.find((difference) => difference !== 0) ?? 0) < 0)
  throw new Error(`release: ${version} is older than ${current}.`);

files.forEach((file, i) => writeFileSync(file, `${JSON.stringify({ ...manifests[i], version }, null, 2)}\n`));
const run = (command, args) => execFileSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
run('npm', ['run', '--silent', 'build']);
mkdirSync(resolve(folder), { recursive: true });
run('npx', ['--yes', 'pnpm@12', '--filter', './packages/*', 'pack', '--pack-destination', resolve(folder)]);
console.log(`Packed @q/tensor, @q/nn and @q/quant ${version} in ${resolve(folder)}`);
