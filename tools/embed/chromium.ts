import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

const candidates = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Starts headless Chromium. Throws, saying how to get it, where there is none. */
export function launch(): Promise<Browser> {
  const executablePath = candidates.find((path) => path !== undefined && existsSync(path));
  if (executablePath === undefined)
    throw new Error(
      'No Chromium found. Install it (Debian, Ubuntu: apt-get install -y chromium) or name the program of a Chromium or Chrome in CHROMIUM_PATH.',
    );
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** What a page did while it was watched. */
export interface Watch {
  /** Errors: uncaught ones and those that the page or the browser wrote to the console. */
  readonly errors: readonly string[];
  /** Requests that left the page's own server; `blob:` and `data:` do not. */
  readonly foreign: readonly string[];
}

/** Watches a page from before it loads. */
export function watch(page: Page): Watch {
  const errors: string[] = [];
  const foreign: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.hostname !== '127.0.0.1' && url.protocol.startsWith('http')) foreign.push(url.href);
  });
  return { errors, foreign };
}
