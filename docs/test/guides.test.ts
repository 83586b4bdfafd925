import * as fs from 'node:fs';
import { join } from 'node:path';
import * as nn from '@q/nn';
import * as optim from '@q/nn/optim';
import * as quant from '@q/quant';
import * as tensor from '@q/tensor';
import * as io from '@q/tensor/io';
import { programOf, runProgram, typeErrors } from './blocks.js';

jest.setTimeout(60_000);

const root = join(import.meta.dirname, '../..');
const docs = join(root, 'docs');
const modules = {
  '@q/tensor': tensor,
  '@q/tensor/io': io,
  '@q/nn': nn,
  '@q/nn/optim': optim,
  '@q/quant': quant,
  'node:fs': fs,
};

const paths = [
  'README.md',
  'CONTRIBUTING.md',
  ...fs
    .readdirSync(docs)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const pages = paths.map((path) => ({ path, markdown: fs.readFileSync(join(root, path), 'utf8') }));
const guides = pages.map(({ path, markdown }) => ({ path, ...programOf(markdown) })).filter(({ blocks }) => blocks > 0);

describe.each(guides)('$path', ({ run }) => {
  it('does what it says', async () => expect(await runProgram(run, modules)).toEqual([]));
});

it('the code of all guides has no type errors', () =>
  expect(typeErrors(new Map(guides.map(({ path, all }) => [path.replace(/\W/g, '-'), all])), root)).toEqual([]));

/** What pages say of second names all at once. */
const secondName = /^FakeQuantized/;

it.each(Object.entries(modules).filter(([name]) => name.startsWith('@q/')))(
  'every function, class and namespace of %s is named on a page',
  (_name, module) => {
    const words = new Set(pages.flatMap(({ markdown }) => markdown.match(/[\w$]+/g) ?? []));
    expect(Object.keys(module).filter((name) => !words.has(name) && !secondName.test(name))).toEqual([]);
  },
);

/** Anchors as GitHub makes them of headings. */
const anchors = (markdown: string): Set<string> =>
  new Set(
    [...markdown.replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );

it.each(pages)('every link of $path inside the repository leads somewhere', ({ path, markdown }) => {
  const broken = [...markdown.replace(/^```[^]*?^```/gm, '').matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)]
    .map(([, link, source]) => (link ?? source)!)
    .filter((link) => !/^https?:/.test(link))
    .filter((link) => {
      const [file, anchor] = link.split('#');
      const target = file === '' ? join(root, path) : join(root, path, '..', file!);
      if (!fs.existsSync(target)) return true;
      return anchor !== undefined && !anchors(fs.readFileSync(target, 'utf8')).has(anchor);
    });
  expect(broken).toEqual([]);
});

it.each(pages)('every file that $path names exists', ({ markdown }) => {
  const named = [...markdown.matchAll(/`((?:packages|docs|benchmarks|tools|\.ci)\/[\w./-]+)`/g)].map(
    ([, path]) => path!,
  );
  expect(named.filter((path) => !fs.existsSync(join(root, path)))).toEqual([]);
});
