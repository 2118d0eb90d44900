import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inside, TestStudio } from '../studio-process.ts';
import { launchChromium, openPage, phone, type WatchedPage } from './chromium.ts';

const setupCode = 'a-code-for-the-test';

let studio: TestStudio;
let browser: Browser;
let watched: WatchedPage;
beforeAll(async () => {
  [studio, browser] = await Promise.all([TestStudio.start({ ACCOUNTS: 'required', SETUP_CODE: setupCode }), launchChromium()]);
  watched = await openPage(browser, studio.origin, '/');
});
afterAll(async () => {
  await browser.close();
  await studio.end();
});

async function fill(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
}

const runs = (page: Page) => page.getByRole('heading', { name: 'Runs', exact: true });
const live = (page: Page) => page.getByText('Live', { exact: true }).filter({ visible: true });

it('asks for the first account, and names what is wrong at its field', async () => {
  const { page } = watched;
  await page.getByRole('heading', { name: 'Make the first account' }).waitFor();
  await watched.picture('first-account');
  await fill(page, { 'Set-up code': setupCode, Name: 'Ada', 'E-mail address': 'ada@lab.example', Password: 'short' });
  await page.getByRole('button', { name: 'Make the account' }).click();
  await page.locator('[data-error="password"]').filter({ hasText: '12' }).waitFor();
  await watched.picture('first-account-refused');
});

it('lets the account in, over a reload too, with a live connection', async () => {
  const { page } = watched;
  await fill(page, { Password: 'correct horse battery' });
  await page.getByRole('button', { name: 'Make the account' }).click();
  await runs(page).waitFor();
  await live(page).waitFor();
  await page.reload();
  await runs(page).waitFor();
  await live(page).waitFor();
});

it('logs out and in again, and refuses a wrong password', async () => {
  const { page } = watched;
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await fill(page, { 'E-mail address': 'ada@lab.example', Password: 'wrong horse battery' });
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('The e-mail address or the password is wrong.').waitFor();
  await fill(page, { Password: 'correct horse battery' });
  await page.getByRole('button', { name: 'Log in' }).click();
  await runs(page).waitFor();
});

it('shows the log-in again when the session was ended elsewhere', async () => {
  const other = await openPage(browser, studio.origin, '/', phone);
  await fill(other.page, { 'E-mail address': 'ada@lab.example', Password: 'correct horse battery' });
  await other.picture('log-in-on-a-phone');
  expect(await other.sideways()).toBe(0);
  await other.page.getByRole('button', { name: 'Log in' }).click();
  await runs(other.page).waitFor();
  // As `revokeSession` from the first page would.
  const token = await watched.page.evaluate<string>('JSON.parse(localStorage.getItem("session")).accessToken');
  const authorization = `Bearer ${token}`;
  const answer = await studio.query('{ viewer { sessions { edges { node { id isCurrent } } } } }', {}, { authorization });
  const edges = inside(answer, 'viewer', 'sessions', 'edges');
  for (const edge of Array.isArray(edges) ? edges : []) {
    if (inside(edge, 'node', 'isCurrent') === true) continue;
    const revoke = 'mutation ($id: ID!) { revokeSession(input: { sessionId: $id }) { __typename } }';
    await studio.query(revoke, { id: inside(edge, 'node', 'id') }, { authorization });
  }
  await other.page.getByRole('heading', { name: 'Log in' }).waitFor();
  await runs(watched.page).waitFor();
  await other.close();
});

it('complains about nothing but what was refused', () => {
  expect(watched.complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);
});
