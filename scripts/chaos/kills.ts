import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { inspectWorker } from '@anneal/engine';
import type { PostgresqlServer } from '@anneal/prisma/testing';
import type { Server } from './server.ts';

export type Victim = 'api' | 'worker' | 'postgresql';

/** Kills of one run: each costs it a try, and it has a limited number. */
const mostOfOneRun = 8;

export interface KillerOptions {
  servers: readonly Server[];
  postgresql?: PostgresqlServer;
  dataFolder: string;
  /** Ends when the studio answers: what is down already is not under load. */
  isAtWork: (signal: AbortSignal) => Promise<unknown>;
}

/** Kills at random moments, and has what was killed come back. */
export class Killer {
  readonly kills: Record<Victim, number> = { api: 0, worker: 0, postgresql: 0 };
  readonly #servers: readonly Server[];
  readonly #postgresql: PostgresqlServer | undefined;
  readonly #runsFolder: string;
  readonly #isAtWork: (signal: AbortSignal) => Promise<unknown>;
  readonly #ofRun = new Map<string, number>();
  readonly #comingBack = new Set<Promise<void>>();
  #isPostgresqlUp = true;

  constructor({ servers, postgresql, dataFolder, isAtWork }: KillerOptions) {
    this.#isAtWork = isAtWork;
    this.#servers = servers;
    this.#postgresql = postgresql;
    this.#runsFolder = path.join(dataFolder, 'runs');
  }

  get total(): number {
    return Object.values(this.kills).reduce((sum, count) => sum + count, 0);
  }

  /** Kills until there were so many, or time is up. */
  async go(kills: number, signal: AbortSignal): Promise<void> {
    while (this.total < kills && !signal.aborted) {
      await setTimeout(200 + 1300 * Math.random(), undefined, { signal }).catch(() => undefined);
      await this.#isAtWork(signal);
      const chance = Math.random();
      if (chance < 0.35) await this.#killServer();
      else if (chance < 0.65 && this.#postgresql) await this.#killPostgresql(this.#postgresql);
      else this.#killWorker();
    }
    await Promise.all(this.#comingBack);
  }

  async #killServer(): Promise<void> {
    const up = this.#servers.filter(({ isUp }) => isUp);
    const server = up[Math.floor(Math.random() * up.length)];
    if (!server) return;
    await server.kill();
    this.kills.api++;
    this.#comesBack(server.open());
  }

  async #killPostgresql(postgresql: PostgresqlServer): Promise<void> {
    if (!this.#isPostgresqlUp) return;
    this.#isPostgresqlUp = false;
    await postgresql.kill();
    this.kills.postgresql++;
    const back = setTimeout(1500 * Math.random()).then(() => postgresql.open());
    this.#comesBack(back.then(() => void (this.#isPostgresqlUp = true)));
  }

  #killWorker(): void {
    const running = fs.readdirSync(this.#runsFolder).flatMap((name) => {
      const { state, pid } = inspectWorker(path.join(this.#runsFolder, name));
      return state === 'running' && pid !== null && (this.#ofRun.get(name) ?? 0) < mostOfOneRun ? [{ name, pid }] : [];
    });
    const chosen = running[Math.floor(Math.random() * running.length)];
    if (!chosen) return;
    process.kill(chosen.pid, 'SIGKILL');
    this.#ofRun.set(chosen.name, (this.#ofRun.get(chosen.name) ?? 0) + 1);
    this.kills.worker++;
  }

  #comesBack(back: Promise<void>): void {
    const tracked = back.finally(() => this.#comingBack.delete(tracked));
    this.#comingBack.add(tracked);
  }
}
