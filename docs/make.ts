/** Writes the pages, and parts of pages, that are made from the code, and draws the pictures: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { figures } from './figures/figures.js';
import { layersPage } from './layers.js';
import { marker, migratingTables } from './migrating.js';

const write = (path: string, content: string): void => writeFileSync(join(import.meta.dirname, path), content);

for (const [name, content] of Object.entries(figures())) write(`figures/${name}`, content);
write('layers.md', layersPage());
const [written] = readFileSync(join(import.meta.dirname, 'migrating.md'), 'utf8').split(marker);
write('migrating.md', `${written}${marker}${migratingTables()}`);
