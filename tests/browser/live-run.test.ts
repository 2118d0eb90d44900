import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium, openPage, type WatchedPage } from './chromium.ts';
import { chart, drawnCurves, fillForm, patience, runIdOf, shortRun, untilState, untilStep } from './run-page.ts';
import { TestStudio } from '../studio-process.ts';

const steps = 80;
let studio: TestStudio;
let browser: Browser;
let watched: WatchedPage;

beforeAll(async () => {
  browser = await launchChromium();
  studio = await TestStudio.start();
});

afterAll(async () => {
  await browser.close();
  await studio.close();
});

it('starts a run through the form, shows it live, and has no hole after a reload', async () => {
  watched = await openPage(browser, studio.origin, '/');
  const { page } = watched;
  await page.getByRole('link', { name: 'Start the first run' }).click();
  await fillForm(page, shortRun('Watched', steps));
  await page.getByRole('button', { name: 'Start run' }).click();
  await page.waitForURL(/\/runs\/(?!new)/);
  const runId = runIdOf(page);

  // Points arrive without anybody reloading the page.
  await untilStep(page, 3);
  const early = await chart(page);
  await untilStep(page, early.lastStep + 5);
  await page.locator('[data-connection="live"]').filter({ visible: true }).waitFor();
  await watched.picture('run-live');

  // A reload in the middle shows all that happened so far at once, and goes on.
  const before = await chart(page);
  await page.reload();
  await untilStep(page, before.lastStep);
  const reloaded = await chart(page);
  expect(reloaded.points).toBe(reloaded.lastStep);
  expect(reloaded.lastStep).toBeLessThan(steps);
  await untilStep(page, reloaded.lastStep + 3);

  // Held and let go again, it loses nothing.
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await untilState(page, 'PAUSED');
  await watched.picture('run-paused');
  await page.getByRole('button', { name: 'Resume', exact: true }).click();

  await untilState(page, 'COMPLETED');
  await untilStep(page, steps);
  const curves = await drawnCurves(page);
  for (const key of ['loss', 'evaluationLoss', 'learningRate', 'gradientNorm', 'tokensPerSecond']) {
    expect(curves.get(key), key).toEqual(await studio.curve(runId, key));
  }
  const loss = [...(curves.get('loss')?.entries() ?? [])];
  expect(loss.map(([step]) => step)).toEqual(Array.from({ length: steps }, (_, index) => index + 1));
  const mean = (part: [number, number][]): number => part.reduce((sum, [, value]) => sum + value, 0) / part.length;
  expect(mean(loss.slice(-20))).toBeLessThan(mean(loss.slice(0, 20)));
  expect(watched.complaints).toEqual([]);
  await watched.picture('run-completed');
});

it('answers a prompt with both models', async () => {
  const { page } = watched;
  await page.getByLabel('Tokens', { exact: true }).fill('24');
  await page.getByRole('button', { name: 'Ask both' }).click();
  for (const side of ['BASE', 'TUNED']) {
    await page.locator(`[data-side="${side}"][data-done="true"]`).waitFor(patience);
    expect((await page.locator(`[data-side="${side}"] pre`).innerText()).trim()).not.toBe('');
  }
  await watched.picture('try-it');
  expect(watched.complaints).toEqual([]);
});

it('lists the run, finds it by name and state, and opens it', async () => {
  const { page } = watched;
  await page.getByRole('link', { name: 'Runs', exact: true }).first().click();
  const row = page.locator('[data-run]');
  await row.filter({ hasText: 'Watched' }).waitFor();
  await page.getByLabel('Search runs by name').fill('nothing like it');
  await page.getByText('No run matches').waitFor();
  await page.getByLabel('Search runs by name').fill('watch');
  await page.getByLabel('Filter by state').selectOption('COMPLETED');
  await row.filter({ hasText: 'Watched' }).waitFor();
  await watched.picture('runs');
  await page.getByRole('link', { name: 'Watched' }).click();
  await page.getByRole('heading', { name: 'Watched' }).waitFor();
  expect(watched.complaints).toEqual([]);
});
