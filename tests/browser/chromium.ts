import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where the pictures of a test file go: a new folder under the temp folder. */
const shots = mkdtemp(path.join(os.tmpdir(), 'anneal-shots-'));

/** Starts a real Chromium. @throws when there is none: these tests are never passed over. */
export async function launchChromium(): Promise<Browser> {
  if (!existsSync(executablePath)) {
    throw new Error(
      `The browser tests need Chromium, and there is none at ${executablePath}. ` +
        'Install it (Debian: apt-get update && apt-get install -y chromium), or name another with CHROMIUM_PATH.',
    );
  }
  return chromium.launch({ executablePath, args: quiet });
}

/** A page in a browser profile of its own, and everything it complained about. */
export class WatchedPage {
  readonly page: Page;
  /** Errors in the console, uncaught exceptions, and requests that failed or went elsewhere than to the studio. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page, origin: string) {
    this.#context = context;
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`exception: ${error.message}`));
    page.on('request', (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol.startsWith('http') && host !== new URL(origin).host) this.complaints.push(`request to elsewhere: ${request.url()}`);
    });
  }

  /** How far the page can be scrolled sideways, in pixels. */
  sideways(): Promise<number> {
    return this.page.evaluate<number>('Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)');
  }

  async picture(name: string): Promise<void> {
    const folder = await shots;
    await this.page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 900 } };
export const phone: BrowserContextOptions = { viewport: { width: 375, height: 812 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Opens a page at `address` of the studio. */
export async function openPage(
  browser: Browser,
  origin: string,
  address: string,
  options: BrowserContextOptions = desktop,
): Promise<WatchedPage> {
  const context = await browser.newContext({ ...options, acceptDownloads: true });
  const watched = new WatchedPage(context, await context.newPage(), origin);
  await watched.page.goto(origin + address);
  return watched;
}
