import fs from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Studio } from '@anneal/core';
import type { Logger } from '../logger.ts';

/** One thing that the studio cannot work without. */
type Check = (studio: Studio) => Promise<unknown>;

const checks: Readonly<Record<string, Check>> = {
  database: ({ prisma }) => prisma.$queryRaw`SELECT 1`,
  dataFolder: ({ config }) => fs.access(config.dataFolder, fs.constants.W_OK | fs.constants.X_OK),
};

/** Longest time for all checks. Milliseconds. */
const limit = 3000;

/** Answers that this process is there at all. For what starts it again when it hangs. */
export function answerHealth(response: ServerResponse): void {
  send(response, 200, { status: 'ok' });
}

/** Answers whether requests make sense: 200 or 503, and which check failed. Why it did is in the log. For what sends requests here. */
export async function answerReadiness(studio: Studio, response: ServerResponse, logger: Logger): Promise<void> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const passed = await withinLimit(check(studio)).catch((error: unknown) => {
        logger.warn({ error, check: name }, 'not ready');
        return false;
      });
      return [name, passed ? 'ok' : 'failed'] as const;
    }),
  );
  const isReady = results.every(([, result]) => result === 'ok');
  send(response, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', checks: Object.fromEntries(results) });
}

async function withinLimit(work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limit} ms`)), limit);
  });
  try {
    await Promise.race([work, late]);
    return true;
  } finally {
    clearTimeout(timer);
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
}
