import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Packs the three packages and installs the tarballs in an empty folder, as the README tells users to. Tests find it as
 * `process.env.Q_EMBED_PROJECT`, with the programs of `fixtures/` in it.
 */
export default function pack(): void {
  const root = join(import.meta.dirname, '../..');
  const project = mkdtempSync(join(tmpdir(), 'q-embed-'));
  process.env.Q_EMBED_PROJECT = project;
  const run = (command: string, args: readonly string[], cwd: string) =>
    execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  run('npx', ['--yes', 'pnpm@12', '--filter', './packages/*', 'pack', '--pack-destination', project], root);
  const tarballs = readdirSync(project).map((name) => `./${name}`);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], project);
  cpSync(join(import.meta.dirname, 'fixtures'), project, { recursive: true });
}
