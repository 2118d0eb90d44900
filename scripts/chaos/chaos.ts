import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { inspectWorker } from '@anneal/engine';
import { writeTinyModel } from '@anneal/engine/testing';
import { openDatabase } from '@anneal/prisma';
import { freePort, PostgresqlServer } from '@anneal/prisma/testing';
import { check, type Checked } from './checks.ts';
import { Client } from './client.ts';
import { Killer, type Victim } from './kills.ts';
import type { ChaosOptions } from './options.ts';
import { Runs } from './runs.ts';
import { Server } from './server.ts';
import { ForeignTrainer } from './trainer.ts';

export interface ChaosResult extends Checked {
  database: ChaosOptions['database'];
  servers: number;
  kills: Record<Victim, number>;
  seconds: number;
  /** Subscriptions, each to the end of its run, and how often they had to connect. */
  followers: number;
  connections: number;
  /** Points of the foreign trainer. */
  acknowledged: number;
}

/** Steps of the one run that is really trained. */
const trainedSteps = 300;

/** Puts a studio under load, kills its parts at random moments, and looks at what is left. */
export async function chaos({ kills, database, seconds }: ChaosOptions): Promise<ChaosResult> {
  const begun = performance.now();
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-chaos-'));
  const dataFolder = path.join(home, 'data');
  const postgresql = database === 'postgresql' ? await PostgresqlServer.start() : undefined;
  const databaseUrl = (await postgresql?.createDatabase()) ?? `file:${path.join(dataFolder, 'anneal.db')}`;
  // Several servers share a PostgreSQL database.
  const ports = postgresql ? [await freePort(), await freePort()] : [await freePort()];
  const deaths: string[] = [];
  const onDeath = (problem: string) => void deaths.push(problem);
  const servers = ports.map((port) => new Server({ folder: dataFolder, databaseUrl, port, onDeath }));
  const client = new Client(() => servers.filter(({ isUp }) => isUp).map(({ url }) => url));
  try {
    await Promise.all(servers.map((server) => server.open()));
    const runs = new Runs(client, await writeTinyModel(home));
    await runs.start(trainedSteps, 1);
    const trainer = await ForeignTrainer.create(client);
    runs.follow(trainer.runId);
    const timeUp = AbortSignal.timeout(seconds * 1000);
    const over = new AbortController();
    const load = [trainer.train(over.signal), runs.keepGoing(over.signal)];
    const killer = new Killer({
      servers,
      postgresql,
      dataFolder,
      isAtWork: (signal) => client.send('{ runs(first: 1) { totalCount } }', {}, signal),
    });
    await killer.go(kills, timeUp);
    over.abort();
    const patience = setTimeout(Math.max(60, seconds) * 1000, undefined, { ref: false });
    // A run may be on its way in until then.
    const settled = Promise.all(load).then(() => Promise.all(runs.followers.map(({ done }) => done)));
    await Promise.race([settled, patience]);
    client.close();
    for (const follower of runs.followers) follower.close();
    await Promise.all(servers.map((server) => server.kill()));
    const prisma = await openDatabase(databaseUrl);
    const { followers, cancelled } = runs;
    const checked = await check({ prisma, dataFolder, followers, trainer, cancelled });
    await prisma.$disconnect();
    checked.problems.push(...deaths);
    if (killer.total < kills) checked.problems.push(`Time was up after ${killer.total} of ${kills} kills.`);
    return {
      database,
      servers: servers.length,
      kills: killer.kills,
      seconds: Math.round((performance.now() - begun) / 1000),
      followers: followers.length,
      connections: followers.reduce((sum, { connections }) => sum + connections, 0),
      acknowledged: trainer.acknowledged,
      ...checked,
    };
  } finally {
    client.close();
    await Promise.all(servers.map((server) => server.kill()));
    endWorkers(path.join(dataFolder, 'runs'));
    await postgresql?.close();
    fs.rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

function endWorkers(folder: string): void {
  for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
    const { state, pid } = inspectWorker(path.join(folder, name));
    if (state === 'running' && pid !== null) process.kill(pid, 'SIGKILL');
  }
}
