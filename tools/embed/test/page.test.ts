import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { launch, watch, type Watch } from '../chromium.js';

const root = join(import.meta.dirname, '../../..');
const out = mkdtempSync(join(tmpdir(), 'q-page-'));
let browser: Browser;

beforeAll(async () => {
  execFileSync(join(root, 'node_modules/.bin/tsx'), ['docs/examples/browser/build.ts', out], { cwd: root });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  rmSync(out, { recursive: true, force: true });
});

/** Opens the page from the disk, where there is no network at all. */
async function open(
  use: (page: Page, seen: Watch) => Promise<void>,
  options: { width?: number; height?: number; colorScheme?: 'dark' | 'light' } = {},
): Promise<void> {
  const { width = 1200, height = 1100, colorScheme = 'light' } = options;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, offline: true });
  try {
    const page = await context.newPage();
    const seen = watch(page);
    await page.goto(pathToFileURL(join(out, 'index.html')).href);
    await page.waitForSelector('html[data-ready]', { timeout: 60_000 });
    await use(page, seen);
  } finally {
    await context.close();
  }
}

const answers = (page: Page) => page.locator('.answer').allTextContents();

describe('the page of the digits', () => {
  it('recognises a digit of the dataset in every model, without a network', () =>
    open(async (page, seen) => {
      await page.waitForFunction(() => document.querySelector('#eight .answer')!.textContent !== '');
      const [float, eight, four] = await answers(page);
      expect(float).toMatch(/^\d$/);
      expect(eight).toBe(float);
      expect(four).toMatch(/^\d$/);
      expect(await page.locator('#float .accuracy').textContent()).toBe('97.0 %');
      expect(await page.locator('#eight .accuracy').textContent()).toBe('97.2 %');
      expect(await page.locator('.time').first().textContent()).toMatch(/^\d+\.\d ms$/);
      expect(seen).toEqual({ errors: [], foreign: [] });
    }));

  it('recognises a drawn one', () =>
    open(async (page) => {
      await page.click('#clear');
      const box = (await page.locator('#pad').boundingBox())!;
      const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
      // A ring.
      await page.mouse.move(...at(0.5, 0.15));
      await page.mouse.down();
      for (let i = 1; i <= 24; i++) {
        const angle = (i / 24) * 2 * Math.PI;
        await page.mouse.move(...at(0.5 + 0.22 * Math.sin(angle), 0.5 - 0.35 * Math.cos(angle)));
      }
      await page.mouse.up();
      await page.waitForFunction(() => document.querySelector('#float .answer')!.textContent === '0');
      expect((await answers(page)).slice(0, 3)).toEqual(['0', '0', '0']);
    }));

  it('calibrates at once when a slider moves', () =>
    open(async (page) => {
      const clipped = () => page.locator('#histograms').innerHTML();
      await page.fill('#weights', '8');
      await page.fill('#activations', '8');
      await page.fill('#percentile', '0');
      await page.waitForFunction(() => /^9[67]/.test(document.querySelector('#yours .accuracy')!.textContent!));
      const wide = await clipped();
      expect(wide).not.toMatch(/>[1-9][.\d]* %/);
      await page.fill('#percentile', '-100');
      expect(await page.locator('#percentile-value').textContent()).toBe('90.0 %');
      expect(await clipped()).toMatch(/>[1-9][.\d]* %/);
      await page.fill('#weights', '2');
      await page.fill('#activations', '2');
      expect(await page.locator('#your-name').textContent()).toBe('W2A2');
      await page.waitForFunction(() => parseFloat(document.querySelector('#yours .accuracy')!.textContent!) < 80);
    }));

  it('fits a phone, in the dark', () =>
    open(
      async (page) => {
        const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
        expect(inner).toBeLessThanOrEqual(outer!);
        const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        expect(background).toBe('rgb(14, 17, 22)');
      },
      { width: 360, height: 740, colorScheme: 'dark' },
    ));
});
