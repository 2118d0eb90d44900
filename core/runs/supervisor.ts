import { createRunFolder, parseTrainingConfig, requestCancel, requestPause, withdrawRequest } from '@anneal/engine';
import type { Prisma, PrismaClient, Run } from '@anneal/prisma';
import type { Logger } from '../logger.ts';
import type { Bus } from '../streams/bus.ts';
import type { JournalReader } from './journal-reader.ts';
import type { Launcher } from './launcher.ts';
import { lastWords } from './last-words.ts';
import { nextRuns } from './queue.ts';
import { afterCrash } from './restarts.ts';
import type { Places, Slot } from './slots.ts';
import { activeStates, type Change, changeState } from './states.ts';

export interface SupervisorOptions {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  launcher: Launcher;
  reader: JournalReader;
  folderOf: (runId: string) => string;
  /** Where runs can train. Does not reject. */
  places: Promise<Places>;
  /** Between a crash and the second try; each further one waits twice as long. Milliseconds. */
  firstPause: number;
  /** A worker that another server started, which died since, may be so long on its way to its folder. Default 10,000 milliseconds. */
  arrivalLimit?: number;
}

/** How soon a dead worker is noticed. Milliseconds. */
const interval = 500;

/** Starts the queued runs as places are free, and sees to it that each active run has a worker. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  /** Runs whose worker is being started right now. */
  readonly #starting = new Map<string, Promise<void>>();
  /** Runs whose worker was started here. */
  readonly #started = new Set<string>();
  /** Since when the worker of a run that was started elsewhere is awaited. */
  readonly #awaitedSince = new Map<string, number>();
  /** Undefined until they are known. */
  #places: Places | undefined;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #again = false;
  #isClosed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Takes over what runs already: workers outlive the studio. */
  async start(): Promise<void> {
    this.#timer = setInterval(this.wake, interval).unref();
    void this.#options.places.then((places) => {
      this.#places = places;
      this.wake();
    });
    this.wake();
    await this.#round;
  }

  /** Looks after the runs soon. */
  readonly wake = (): void => {
    if (this.#isClosed) return;
    this.#again = true;
    this.#round ??= this.#rounds().finally(() => (this.#round = undefined));
  };

  /** Leaves the workers running. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#round;
  }

  async #rounds(): Promise<void> {
    while (this.#again && !this.#isClosed) {
      this.#again = false;
      try {
        await this.#lookAfterAll();
      } catch (error) {
        this.#options.logger.error({ error }, 'the supervisor failed; it tries again');
        return;
      }
    }
  }

  async #lookAfterAll(): Promise<void> {
    const { prisma, logger } = this.#options;
    const ours: Prisma.RunWhereInput = { source: 'ENGINE', OR: [{ state: { in: [...activeStates] } }, { slot: { not: null } }] };
    for (const run of await prisma.run.findMany({ where: ours, orderBy: { createdAt: 'asc' } })) {
      // One that cannot be looked after must not hold up the others.
      await this.#lookAfter(run).catch((error: unknown) =>
        logger.error({ error, runId: run.id }, 'a run could not be looked after; it is tried again'),
      );
    }
    if (!this.#places) return;
    const held = await prisma.run.findMany({ where: { slot: { not: null } }, select: { slot: true } });
    const taken = new Set(held.flatMap(({ slot }) => slot ?? []));
    for (const { run, slot } of await nextRuns(prisma, this.#places, taken)) await this.#begin(run, slot);
  }

  async #lookAfter(run: Run): Promise<void> {
    const { prisma, launcher, reader, folderOf } = this.#options;
    if (this.#starting.has(run.id)) return;
    const isAlive = () => launcher.isAlive(folderOf(run.id));
    if (!activeStates.includes(run.state)) {
      if (!(await isAlive())) await this.#release(run.id);
      return;
    }
    await reader.follow(run.id);
    // The studio may have died between the change of the state and this.
    if (run.state === 'CANCELLING') requestCancel(folderOf(run.id));
    if (run.state === 'PAUSING') requestPause(folderOf(run.id));
    if (await isAlive()) {
      this.#awaitedSince.delete(run.id);
      return;
    }
    if (this.#mayStillArrive(run)) return;
    // Whatever the worker said last counts before its death does.
    await reader.drain(run.id);
    const now = await prisma.run.findUniqueOrThrow({ where: { id: run.id } });
    if (!activeStates.includes(now.state)) await this.#release(now.id);
    else if (now.state === 'PAUSING') await this.#change(now.id, 'PAUSED', { data: { slot: null, nextAttemptAt: null } });
    else if (now.state === 'CANCELLING') await this.#endCancelled(now);
    else if (now.nextAttemptAt === null) await this.#crashed(now);
    else if (now.nextAttemptAt.getTime() <= Date.now()) await this.#startAgain(now);
  }

  /** Not to be counted as a crash. */
  #mayStillArrive({ id, state, nextAttemptAt }: Run): boolean {
    if (state !== 'STARTING' || nextAttemptAt !== null || this.#started.has(id)) return false;
    const since = this.#awaitedSince.get(id) ?? Date.now();
    this.#awaitedSince.set(id, since);
    return Date.now() - since < (this.#options.arrivalLimit ?? 10_000);
  }

  /** Starts a queued run on its place. What it is computed on is decided then for good: it goes on with the very same losses there. */
  async #begin(run: Run, slot: Slot): Promise<void> {
    const { folderOf } = this.#options;
    try {
      const config = parseTrainingConfig(run.config);
      // The best device is left to the worker, which tries it first and tells why it takes another one.
      const isBest = this.#places?.automatic[0] === slot.device;
      const device = run.wantedDevice === 'auto' && !isBest ? slot.device : config.run.device;
      createRunFolder(folderOf(run.id), { ...config, run: { ...config.run, device } });
      withdrawRequest(folderOf(run.id));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const errorMessage = `The folder of the run cannot be made: ${reason}. Make room on the disk or mend the permissions, then try the run again.`;
      await this.#change(run.id, 'FAILED', { data: { errorCode: 'RUN_FOLDER_UNUSABLE', errorMessage } });
      return;
    }
    const attempt = { attempts: { increment: 1 }, stepAtStart: run.step, nextAttemptAt: null };
    const place = { slot: slot.name, wantedDevice: slot.device };
    if (await this.#change(run.id, 'STARTING', { data: { ...attempt, ...place } })) await this.#launch(run.id, slot.name);
  }

  /** Notes a crash, and when the run is tried again; or gives it up. */
  async #crashed(run: Run): Promise<void> {
    const { folderOf, firstPause, logger } = this.#options;
    const verdict = afterCrash({ run, lastWords: lastWords(folderOf(run.id)), firstPause });
    if (verdict.isOver) {
      await this.#change(run.id, 'FAILED', { data: { slot: null, errorCode: 'WORKER_CRASHED', errorMessage: verdict.errorMessage } });
      return;
    }
    logger.warn({ runId: run.id, step: run.step, crashes: verdict.data.crashes }, 'a worker died; the run is tried again');
    await this.#change(run.id, 'STARTING', { data: verdict.data, warnings: [verdict.warning] });
  }

  async #startAgain(run: Run): Promise<void> {
    withdrawRequest(this.#options.folderOf(run.id));
    // A request to pause or cancel that came meanwhile goes first.
    const { count } = await this.#options.prisma.run.updateMany({
      where: { id: run.id, state: 'STARTING', nextAttemptAt: { not: null } },
      data: { attempts: { increment: 1 }, stepAtStart: run.step, nextAttemptAt: null },
    });
    if (count > 0) await this.#launch(run.id, run.slot);
  }

  /** A run that has saved checkpoints and is cancelled without a worker gets one, once, that makes a result of the last of them. */
  async #endCancelled(run: Run): Promise<void> {
    const { prisma } = this.#options;
    const isSaved = (await prisma.checkpoint.count({ where: { runId: run.id } })) > 0;
    if (isSaved && run.savingAttempts === 0) {
      // It takes moments, and goes beside the others: a place of its own tells when its worker is gone.
      const slot = run.slot ?? `saving:${run.id}`;
      const attempt = { attempts: { increment: 1 }, savingAttempts: { increment: 1 }, slot };
      await prisma.run.update({ where: { id: run.id }, data: attempt });
      await this.#launch(run.id, slot);
      return;
    }
    const words = isSaved ? lastWords(this.#options.folderOf(run.id)) : null;
    const lost = `What the run had learned could not be saved as a result${words === null ? '' : `: ${words}`}. Its checkpoints are still there.`;
    await this.#change(run.id, 'CANCELLED', { data: { slot: null }, warnings: isSaved ? [lost] : [] });
  }

  /** Starts a worker, without waiting for it. */
  async #launch(runId: string, slot: string | null): Promise<void> {
    const { launcher, reader, folderOf, logger } = this.#options;
    await reader.follow(runId);
    this.#started.add(runId);
    this.#awaitedSince.delete(runId);
    const start = launcher
      .start(folderOf(runId), { slot })
      .catch((error: unknown) => logger.error({ error, runId }, 'a worker could not be started'))
      .finally(() => {
        this.#starting.delete(runId);
        this.wake();
      });
    this.#starting.set(runId, start);
  }

  /** Its worker is gone: the place is free. */
  async #release(runId: string): Promise<void> {
    const { count } = await this.#options.prisma.run.updateMany({
      where: { id: runId, state: { notIn: [...activeStates] } },
      data: { slot: null },
    });
    if (count > 0) this.#again = true;
    this.#started.delete(runId);
    this.#awaitedSince.delete(runId);
  }

  async #change(runId: string, state: Run['state'], change: Change): Promise<boolean> {
    const { prisma, bus } = this.#options;
    const changed = await prisma.$transaction((transaction) => changeState(transaction, runId, state, change));
    if (changed) bus.publish(runId);
    return changed !== null;
  }
}
