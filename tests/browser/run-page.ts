import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Curve } from '../studio-process.ts';

/** How long a page may take to show what it waits for. Training itself is slower than any page. */
export const patience = { timeout: 200_000 };

/** What the form is filled with: labels of fields and their values. */
export type Settings = Readonly<Record<string, string>>;

/** Fills the form for a new run; folded settings are unfolded first. */
export async function fillForm(page: Page, settings: Settings): Promise<void> {
  await page.getByRole('heading', { name: 'New run' }).waitFor();
  await page.getByRole('button', { name: 'Start run' }).waitFor();
  const folded = page.locator('form details:not([open]) > summary');
  while ((await folded.count()) > 0) await folded.first().click();
  for (const [label, value] of Object.entries(settings)) await page.getByLabel(label, { exact: true }).fill(value);
}

/** A short run of a small batch: long enough to be watched, short enough for a test. */
export const shortRun = (name: string, steps: number): Settings => ({
  Name: name,
  'Maximum length': '128',
  'Learning rate': '2e-3',
  Epochs: '100',
  'Maximum steps': String(steps),
  'Batch size': '4',
  'Evaluate every': '20',
  'Checkpoint every': '20',
});

/** The id of the run that the page shows. */
export const runIdOf = (page: Page): string => decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '');

/** Waits until a chart holds points up to this step. Asked from here: the page's policy lets nobody evaluate text inside it. */
export async function untilStep(page: Page, step: number): Promise<void> {
  const deadline = Date.now() + patience.timeout;
  while ((await chart(page)).lastStep < step) {
    if (Date.now() > deadline) throw new Error(`The chart did not reach step ${step}; it holds ${JSON.stringify(await chart(page))}.`);
    await pause(50);
  }
}

/** Points and last step of the loss chart, as they are at one moment; none while there is no chart. */
export function chart(page: Page): Promise<{ points: number; lastStep: number }> {
  return page.evaluate(
    `(({ points = 0, lastStep = -1 }) => ({ points: Number(points), lastStep: Number(lastStep) }))(document.querySelector('[data-chart="loss"]')?.dataset ?? {})`,
  );
}

/** Everything that the charts hold, from the file that the page offers for download. */
export async function drawnCurves(page: Page): Promise<ReadonlyMap<string, Curve>> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as CSV' }).click()]);
  const [, ...rows] = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
  const curves = new Map<string, Map<number, number>>();
  for (const row of rows) {
    const [metric = '', , from, to, points, , , last] = row.split(',');
    if (from !== to || points !== '1')
      throw new Error(`${metric}: a short run must be drawn point by point, but there is a bucket ${from}–${to}`);
    const curve = curves.get(metric) ?? new Map<number, number>();
    curves.set(metric, curve.set(Number(to), Number(last)));
  }
  return curves;
}

export async function untilState(page: Page, state: string): Promise<void> {
  await page.locator(`main [data-state="${state}"]`).first().waitFor(patience);
}
