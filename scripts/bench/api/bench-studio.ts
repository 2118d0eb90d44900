import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startServer } from '@anneal/api';
import { createLogger, createStudio, type Launcher, readConfig, type Studio, type Viewer } from '@anneal/core';
import { z } from 'zod';

/** A studio of its own, with a server, for one benchmark. */
export interface BenchStudio {
  studio: Studio;
  /** The user of a studio without accounts. */
  viewer: Viewer;
  /** Of its server, without a path. */
  readonly url: string;
  /** Sends an operation over HTTP. @returns its data and how long that took, in seconds, with the answer read */
  readonly send: <Data>(body: string, schema: z.ZodType<Data>) => Promise<{ data: Data; seconds: number }>;
  readonly close: () => Promise<void>;
}

const answerSchema = z.object({ data: z.unknown(), errors: z.array(z.object({ message: z.string() })).optional() });

/** @param databaseUrl an empty database; left out: SQLite in a temporary folder. */
export async function openBenchStudio(launcher: Launcher, databaseUrl: string | undefined): Promise<BenchStudio> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-bench-api-'));
  const studio = await createStudio(readConfig({ DATA_DIR: folder, DATABASE_URL: databaseUrl }), {
    logger: createLogger('error'),
    launcher,
    slots: 1,
  });
  const viewer = await studio.identity.viewerOf({ address: '127.0.0.1' });
  if (!viewer) throw new Error('The benchmark needs a studio without accounts: leave HOST and ACCOUNTS out.');
  const server = await startServer({ studio });
  return {
    studio,
    viewer,
    url: server.url,
    send: async (body, schema) => {
      const ask = () => fetch(`${server.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      let begun = performance.now();
      // The server has closed a connection that was idle while data was made: on a new one, then.
      const response = await ask().catch(() => {
        begun = performance.now();
        return ask();
      });
      const answer = answerSchema.parse(await response.json());
      const seconds = (performance.now() - begun) / 1000;
      if (answer.errors?.[0]) throw new Error(answer.errors[0].message);
      return { data: schema.parse(answer.data), seconds };
    },
    close: async () => {
      await server.close();
      await studio.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
