import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launch, watch, type Watch } from '../chromium.js';
import { node, project, tool, type QuickStart } from '../project.js';
import { isolated, serve } from '../server.js';

interface Report extends QuickStart {
  readonly status: { readonly threads: number; readonly reason: string | null };
  readonly threads: number;
  readonly sameWithThreads: boolean;
  readonly webAssembly: boolean;
  readonly isolated: boolean;
}

const page = (script: string, head = '') =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="/icon.svg">${head}<title>Q</title></head><body><script type="module" src="${script}"></script></body></html>`;

const importMap = `<script type="importmap">${JSON.stringify({
  imports: {
    '@q/tensor': '/node_modules/@q/tensor/dist/index.js',
    '@q/tensor/io': '/node_modules/@q/tensor/dist/io/index.js',
    '@q/tensor/internal': '/node_modules/@q/tensor/dist/internal/index.js',
    '@q/nn': '/node_modules/@q/nn/dist/index.js',
    '@q/nn/optim': '/node_modules/@q/nn/dist/optim/index.js',
    '@q/quant': '/node_modules/@q/quant/dist/index.js',
  },
})}</script>`;

const expected = node<QuickStart>('quick-start.node.js');
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
  for (const entry of ['main', 'worker'])
    expect(
      tool('esbuild', `${entry}.js`, '--bundle', '--format=esm', '--minify', `--outfile=esbuild/${entry}.js`).output,
    ).not.toMatch(/error|warning/i);
  expect(tool('esbuild', 'starts-worker.js', '--outfile=esbuild/starts-worker.js').status).toBe(0);
});
afterAll(() => browser?.close());

async function visit(
  folder: string,
  html: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly report: Report; readonly watch: Watch }> {
  const server = await serve(join(project, folder), headers, { '/index.html': html, '/icon.svg': '' });
  const context = await browser.newContext();
  try {
    const tab = await context.newPage();
    const watched = watch(tab);
    const answer = tab.waitForEvent('console', { predicate: (message) => message.type() === 'log', timeout: 120_000 });
    await tab.goto(server.url);
    return { report: JSON.parse((await answer).text()) as Report, watch: watched };
  } finally {
    await context.close();
    await server.close();
  }
}

const quiet: Watch = { errors: [], foreign: [] };
const csp = (script: string, rest = '') => ({
  'Content-Security-Policy': `default-src 'none'; script-src 'self'${script}; img-src 'self';${rest}`,
});

describe('in Chromium', () => {
  it("a plain module script gives Node's bits, on one thread, and says why", async () => {
    const { report, watch: seen } = await visit('.', page('/main.js', importMap));
    expect(report.bits).toEqual(expected.bits);
    expect(report.floats).toEqual(expected.floats);
    expect(report).toMatchObject({ webAssembly: true, isolated: false, threads: 1, sameWithThreads: true });
    expect(report.status).toEqual({ threads: 1, reason: expect.stringContaining('Cross-Origin-Opener-Policy') });
    expect(seen).toEqual(quiet);
  });

  it('an isolated page has two threads, and the same bits', async () => {
    const { report, watch: seen } = await visit('.', page('/main.js', importMap), isolated);
    expect(report.bits).toEqual(expected.bits);
    expect(report.floats).toEqual(expected.floats);
    expect(report).toMatchObject({ isolated: true, threads: 2, sameWithThreads: true });
    expect(report.status).toEqual({ threads: 2, reason: null });
    expect(seen).toEqual(quiet);
  });

  it.each([
    ['one thread', {}, 1],
    ['two threads', isolated, 2],
  ])('a Web Worker, bundled by esbuild, has %s', async (_name, headers, threads) => {
    const { report, watch: seen } = await visit('esbuild', page('/starts-worker.js'), headers);
    expect(report.bits).toEqual(expected.bits);
    expect(report.floats).toEqual(expected.floats);
    expect(report).toMatchObject({ threads, sameWithThreads: true });
    expect(seen).toEqual(quiet);
  });

  it('a build by Vite runs', async () => {
    const { status, output } = tool('vite', 'build', '--config', 'vite.config.js', '--logLevel', 'warn');
    expect(output).toBe('');
    expect(status).toBe(0);
    const server = await serve(join(project, 'vite'));
    const html = await (await fetch(server.url)).text();
    await server.close();
    const { report, watch: seen } = await visit('vite', html, isolated);
    expect(report.bits).toEqual(expected.bits);
    expect(report.threads).toBe(2);
    expect(seen).toEqual(quiet);
  });
});

describe('in Chromium, under a strict content security policy', () => {
  it("with 'wasm-unsafe-eval' the SIMD kernels run", async () => {
    const { report, watch: seen } = await visit('esbuild', page('/main.js'), csp(" 'wasm-unsafe-eval'"));
    expect(report.bits).toEqual(expected.bits);
    expect(report.webAssembly).toBe(true);
    expect(seen).toEqual(quiet);
  });

  it('with workers from blob: there are threads', async () => {
    const headers = { ...isolated, ...csp(" 'wasm-unsafe-eval'", ' worker-src blob:') };
    const { report, watch: seen } = await visit('esbuild', page('/main.js'), headers);
    expect(report.status).toEqual({ threads: 2, reason: null });
    expect(report.sameWithThreads).toBe(true);
    expect(seen).toEqual(quiet);
  });

  it('without workers from blob: there is one thread, and the status says why', async () => {
    const { report } = await visit('esbuild', page('/main.js'), { ...isolated, ...csp(" 'wasm-unsafe-eval'") });
    expect(report.status).toEqual({ threads: 1, reason: expect.stringContaining('worker-src blob:') });
    expect(report.bits).toEqual(expected.bits);
  });

  it("without 'wasm-unsafe-eval' the reference kernels take over", async () => {
    const { report, watch: seen } = await visit('esbuild', page('/main.js'), csp(''));
    expect(report.bits).toEqual(expected.bits);
    report.floats.forEach((value, i) => expect(value).toBeCloseTo(expected.floats[i]!, 3));
    expect(report).toMatchObject({ webAssembly: false, threads: 1 });
    expect(report.status.reason).toContain('WebAssembly');
    expect(seen.foreign).toEqual([]);
    expect(seen.errors).toEqual([]);
  });
});
