import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marker, migratingTables } from '../migrating.js';

jest.setTimeout(120_000);

const page = readFileSync(join(import.meta.dirname, '../migrating.md'), 'utf8');

it('the names in the guide for migrants are up to date; `npm run docs` writes them anew', () =>
  expect(page.split(marker)[1]).toBe(migratingTables()));
