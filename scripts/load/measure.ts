import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import { z } from 'zod';
import { Child } from './child.ts';
import type { Usage } from './memory-trend.ts';
import { fromServer, fromSubscribers, type Report, type Task } from './messages.ts';
import type { LoadOptions } from './options.ts';

export interface Measured {
  reports: Report[];
  /** Of the server while points were written. */
  usages: Usage[];
}

/** Starts everything, lets it run, and takes it down again. @param say what is being done, for whoever waits */
export async function measure(options: LoadOptions, say: (line: string) => void): Promise<Measured> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-load-'));
  const children: { end(): Promise<void> }[] = [];
  try {
    const places = await writeTinyModel(path.join(folder, 'tiny'));
    const server = new Child('server-process.ts', [folder, String(options.subscribers + 100)], fromServer);
    children.push(server);
    const url = await server.first((message) => (message.type === 'listening' ? message.url : undefined));
    const points = options.rate * options.seconds;
    const runId = await startRun(url, tinyConfig(places, points));

    const share = Math.ceil(options.subscribers / options.processes);
    const subscribers = Array.from({ length: options.processes }, (_, index) => {
      const steady = Math.min(share, Math.max(0, options.subscribers - index * share));
      const task: Task = {
        url: `${url.replace('http', 'ws')}/graphql`,
        runId,
        steady,
        withTroublesome: index === 0,
        points,
        seconds: options.seconds,
      };
      return new Child('subscribers-process.ts', [JSON.stringify(task)], fromSubscribers);
    });
    children.push(...subscribers);
    await Promise.all(subscribers.map((child) => child.first(({ type }) => (type === 'ready' ? true : undefined))));
    say(`${options.subscribers} steady subscribers and two others are connected; ${points} points follow in ${options.seconds} s.`);
    await setTimeout(1000);

    const usages: Usage[] = [];
    const stop = server.listen((message) => message.type === 'usage' && usages.push(message));
    const reports = subscribers.map((child) => child.first((message) => (message.type === 'report' ? message.report : undefined)));
    for (const child of subscribers) child.process.send('begin');
    fs.writeFileSync(path.join(runFolder(folder, runId), 'go'), JSON.stringify({ rate: options.rate }));
    await Promise.race([setTimeout(options.seconds * 1000, undefined, { ref: false }), Promise.all(reports)]);
    stop();
    return { reports: await Promise.all(reports), usages };
  } finally {
    await Promise.all(children.map((child) => child.end()));
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** @returns its global id */
async function startRun(url: string, config: unknown): Promise<string> {
  const query =
    'mutation ($config: JSON!) { startRun(input: { config: $config }) { ... on StartRunSuccess { data { id } } ... on Error { message } } }';
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { config } }),
  });
  const answer: unknown = await response.json();
  const started = z.object({ data: z.object({ startRun: z.object({ data: z.object({ id: z.string() }) }) }) }).safeParse(answer);
  if (!started.success) throw new Error(`The run was not started: ${JSON.stringify(answer)}`);
  return started.data.data.startRun.data.id;
}

const runFolder = (dataFolder: string, globalId: string): string =>
  path.join(dataFolder, 'runs', Buffer.from(globalId, 'base64').toString().split(':')[1] ?? '');
