import { createRunFolder, parseTrainingConfig, requestCancel, requestPause, withdrawPause } from '@anneal/engine';
import type { Prisma, PrismaClient, Run } from '@anneal/prisma';
import type { Logger } from '../logger.ts';
import type { Bus } from '../streams/bus.ts';
import type { JournalReader } from './journal-reader.ts';
import type { Launcher } from './launcher.ts';
import { lastWords } from './last-words.ts';
import { activeStates, changeState } from './states.ts';

export interface SupervisorOptions {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  launcher: Launcher;
  reader: JournalReader;
  folderOf: (runId: string) => string;
  /** Runs at a time. */
  slots: number;
}

/** How soon a dead worker is noticed. Milliseconds. */
const interval = 500;
/** Attempts in a row without a new step, after which a run is given up. */
const mostFruitless = 3;

/** Starts the queued runs one after the other, and sees to it that each active run has a worker. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  /** Runs whose worker is being started right now. */
  readonly #starting = new Map<string, Promise<void>>();
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
    const { prisma, slots, logger } = this.#options;
    const active = await prisma.run.findMany({ where: { state: { in: [...activeStates] } }, orderBy: { createdAt: 'asc' } });
    for (const run of active) {
      // One that cannot be looked after must not hold up the others.
      await this.#lookAfter(run).catch((error: unknown) =>
        logger.error({ error, runId: run.id }, 'a run could not be looked after; it is tried again'),
      );
    }
    const busy = await prisma.run.count({ where: { state: { in: [...activeStates] } } });
    if (busy >= slots) return;
    const queued = await prisma.run.findMany({
      where: { state: 'QUEUED' },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      take: slots - busy,
    });
    for (const run of queued) {
      // The worker of a run that was paused a moment ago may not be gone yet.
      if (run.attempts === 0 || !(await this.#options.launcher.isAlive(this.#options.folderOf(run.id)))) await this.#launch(run, 0);
    }
  }

  async #lookAfter(run: Run): Promise<void> {
    const { prisma, launcher, reader, folderOf } = this.#options;
    if (this.#starting.has(run.id)) return;
    await reader.follow(run.id);
    // The studio may have died between the change of the state and this.
    if (run.state === 'CANCELLING') requestCancel(folderOf(run.id));
    if (run.state === 'PAUSING') requestPause(folderOf(run.id));
    if (await launcher.isAlive(folderOf(run.id))) return;
    // Whatever the worker said last counts before its death does.
    await reader.drain(run.id);
    const now = await prisma.run.findUniqueOrThrow({ where: { id: run.id } });
    if (!activeStates.includes(now.state)) return;
    if (now.state === 'CANCELLING' || now.state === 'PAUSING') {
      await this.#change(run.id, now.state === 'PAUSING' ? 'PAUSED' : 'CANCELLED');
      return;
    }
    const fruitless = now.step > now.stepAtStart ? 0 : now.fruitlessAttempts + 1;
    if (fruitless < mostFruitless) await this.#launch(now, fruitless);
    else await this.#giveUp(now);
  }

  /** Marks the run as starting, then starts a worker, without waiting for it. */
  async #launch(run: Run, fruitlessAttempts: number): Promise<void> {
    const { launcher, reader, folderOf, logger } = this.#options;
    const folder = folderOf(run.id);
    try {
      createRunFolder(folder, parseTrainingConfig(run.config));
      withdrawPause(folder);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const errorMessage = `The folder of the run cannot be made: ${reason}. Make room on the disk or mend the permissions, then start the run again.`;
      await this.#change(run.id, 'FAILED', { errorCode: 'RUN_FOLDER_UNUSABLE', errorMessage });
      return;
    }
    const attempt = { attempts: { increment: 1 }, stepAtStart: run.step, fruitlessAttempts };
    if (!(await this.#change(run.id, 'STARTING', attempt))) return;
    if (run.state !== 'QUEUED')
      logger.warn({ runId: run.id, step: run.step, attempt: run.attempts + 1 }, 'the worker died and is started again');
    await reader.follow(run.id);
    const start = launcher
      .start(folder)
      .catch((error: unknown) => logger.error({ error, runId: run.id }, 'a worker could not be started'))
      .finally(() => {
        this.#starting.delete(run.id);
        this.wake();
      });
    this.#starting.set(run.id, start);
  }

  async #giveUp(run: Run): Promise<void> {
    const words = lastWords(this.#options.folderOf(run.id));
    const errorMessage =
      `The training process ended unexpectedly ${mostFruitless} times in a row without a new step after step ${run.step}. ` +
      (words === null
        ? 'It left no message: the system may have ended it, for instance because memory ran out. '
        : `Its last words: ${words} `) +
      'Try a smaller batch size or a shorter maximum length; worker.log in the folder of the run has the details.';
    await this.#change(run.id, 'FAILED', { errorCode: 'WORKER_CRASHED', errorMessage });
  }

  async #change(
    runId: string,
    state: Run['state'],
    data: Omit<Prisma.RunUncheckedUpdateInput, 'state' | 'eventSequence'> = {},
  ): Promise<boolean> {
    const { prisma, bus } = this.#options;
    const changed = await prisma.$transaction((transaction) => changeState(transaction, runId, state, data));
    if (changed) bus.publish(runId);
    return changed !== null;
  }
}
