import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { figures } from '../figures/figures.js';

const drawn = Object.entries(figures());

it.each(drawn)('%s is up to date; `npm run docs` draws it anew', (name, content) =>
  expect(readFileSync(join(import.meta.dirname, '../figures', name), 'utf8')).toBe(content),
);

it.each(drawn)('%s contains numbers only, no NaN', (_name, content) =>
  expect(content).not.toMatch(/NaN|undefined|Infinity/),
);
