import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { desktop, launchChromium, openPage, phone } from './chromium.ts';
import { fillForm } from './run-page.ts';
import { TestStudio } from '../studio-process.ts';

let studio: TestStudio;
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
  studio = await TestStudio.start();
});

afterAll(async () => {
  await browser.close();
  await studio.close();
});

it('shows what is wrong at the fields, keeps what was typed, and leads to the first wrong field', async () => {
  const watched = await openPage(browser, studio.origin, '/runs/new');
  const { page } = watched;
  await fillForm(page, { Name: 'Wrong', 'LoRA rank': '100000', 'Learning rate': 'fast', 'Batch size': '2.5', 'Beta 2': '7' });
  // What looks wrong is said before anything is sent.
  await page.getByText('This is out of range: 1 to 512.').waitFor();
  await page.getByRole('button', { name: 'Start run' }).click();

  const summary = page.locator('#issue-summary');
  await summary.getByText('4 settings need to be put right').waitFor();
  for (const path of ['method.rank', 'optimizer.learningRate', 'optimizer.beta2', 'schedule.batchSize']) {
    expect((await page.locator(`[data-error="${path}"]`).innerText()).trim(), path).not.toBe('');
  }
  await summary.getByRole('link').first().click();
  await page.getByLabel('LoRA rank').and(page.locator(':focus')).waitFor();
  await watched.picture('form-errors');

  await page.reload();
  await page.getByRole('button', { name: 'Start run' }).waitFor();
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Wrong');
  expect(await page.getByLabel('Learning rate').inputValue()).toBe('fast');
  expect(await page.getByLabel('Beta 2').isVisible()).toBe(true);

  await page.getByRole('button', { name: 'Back to the defaults' }).click();
  expect(await page.getByLabel('LoRA rank').inputValue()).toBe('8');
  expect(watched.complaints).toEqual([]);
  await watched.close();
});

it('names a model folder that does not exist at its field', async () => {
  const watched = await openPage(browser, studio.origin, '/runs/new');
  const { page } = watched;
  await page.getByText('Another folder').click();
  await page.getByLabel('Path of the model folder').fill('/no/such/folder');
  await page.getByRole('button', { name: 'Start run' }).click();
  await page.locator('#issue-summary').waitFor();
  await page.locator('[data-error="model.base"]').getByText('/no/such/folder').waitFor();
  await watched.close();
});

it.each([
  ['the runs', '/'],
  ['a new run', '/runs/new'],
  ['a run that does not exist', '/runs/UnVuOm5vdGhpbmc%3D'],
  ['a page that does not exist', '/nowhere'],
])('fits %s on a phone and on a desk, light and dark, without complaint', async (_name, address) => {
  for (const [device, options] of Object.entries({ phone, desktop })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const watched = await openPage(browser, studio.origin, address, { ...options, colorScheme });
      await watched.page.locator('main h1, main h2').first().waitFor();
      expect(await watched.sideways()).toBe(0);
      expect(watched.complaints).toEqual([]);
      await watched.picture(`${address.replaceAll(/\W+/g, '-')}-${device}-${colorScheme}`);
      await watched.close();
    }
  }
});
