import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium, openPage } from './chromium.ts';
import { drawnCurves, fillForm, patience, runIdOf, shortRun, untilState, untilStep } from './run-page.ts';
import { TestStudio } from '../studio-process.ts';

const steps = 70;
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

it('goes on by itself, without a hole, after the studio was killed and started again', async () => {
  const { page } = await openPage(browser, studio.origin, '/runs/new');
  await fillForm(page, shortRun('Survivor', steps));
  await page.getByRole('button', { name: 'Start run' }).click();
  await page.waitForURL(/\/runs\/(?!new)/);
  const runId = runIdOf(page);
  await untilStep(page, 10);

  await studio.kill();
  await page.locator('[data-connection="reconnecting"], [data-connection="offline"]').filter({ visible: true }).waitFor();
  await studio.open();
  await page.locator('[data-connection="live"]').filter({ visible: true }).waitFor(patience);

  await untilState(page, 'COMPLETED');
  await untilStep(page, steps);
  const loss = (await drawnCurves(page)).get('loss');
  expect([...(loss?.keys() ?? [])]).toEqual(Array.from({ length: steps }, (_, index) => index + 1));
  expect(loss).toEqual(await studio.curve(runId, 'loss'));
});
