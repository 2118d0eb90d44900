import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { occasionally } from '../data/report.ts';
import { Announcements } from './announcements.ts';

it('gives what was announced before and while it is listened to', async () => {
  const announcements = new Announcements();
  announcements.tell('one');
  const heard: string[] = [];
  const listening = (async () => {
    for await (const message of announcements.all()) heard.push(message);
  })();
  await setImmediate();
  expect(heard).toEqual(['one']);
  announcements.tell('two');
  announcements.tell('three');
  announcements.end();
  await listening;
  expect(heard).toEqual(['one', 'two', 'three']);
});

it('passes on what long work says, now and then', () => {
  const told: string[] = [];
  const [always, never] = [0, Infinity].map((every) => occasionally((message) => told.push(message), every));
  always?.(() => 'half');
  never?.(() => 'nothing');
  expect(told).toEqual(['half']);
});
