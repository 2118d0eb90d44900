import type { Execution, PrismaClient } from '@anneal/prisma';
import { LimitExceeded } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Bus } from '../streams/bus.ts';
import { lease, mostInProject, mostOnServer } from './execution-limits.ts';

/** An execution that this server works on. */
interface Work {
  startedAt: Date | null;
  stop: AbortController;
  done: Promise<void>;
}

export interface AtWorkOptions {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  mostInProject?: number;
  mostOnServer?: number;
}

/** What an execution is stopped with that was ended by somebody: its row says all. */
export class EndedElsewhere extends Error {}

/** Executions that this server works on: how many there may be, that they are alive, and which are to stop. */
export class ExecutionsAtWork {
  readonly #options: AtWorkOptions;
  readonly #works = new Map<string, Work>();
  /** By project: all places that are taken, and those of batches among them. */
  readonly #places = new Map<string, { all: number; ofBatches: number }>();
  readonly #stopListening: () => void;
  readonly #renewal: NodeJS.Timeout;
  #taken = 0;

  constructor(options: AtWorkOptions) {
    this.#options = options;
    this.#stopListening = options.bus.topic('executionEnd').listenToAll((id) => this.stop(id, new EndedElsewhere()));
    this.#renewal = setInterval(() => void this.#renew(), lease / 3).unref();
  }

  /**
   * @param isOfBatch batches leave half of the places to what somebody waits for
   * @returns gives the place back
   * @throws LimitExceeded when there are too many already
   */
  takePlace(projectId: string, isOfBatch = false): () => void {
    const { mostInProject: inProject = mostInProject, mostOnServer: onServer = mostOnServer } = this.#options;
    const own = this.#places.get(projectId) ?? { all: 0, ofBatches: 0 };
    if (own.all >= inProject)
      throw new LimitExceeded(
        `${own.all} executions of this project are under way; there may be ${inProject}. Try again when some have ended.`,
      );
    if (isOfBatch && own.ofBatches >= Math.floor(inProject / 2))
      throw new LimitExceeded(`${own.ofBatches} rows of batches of this project are being asked; no more may be.`);
    if (this.#taken >= onServer)
      throw new LimitExceeded(`${this.#taken} executions are under way on this server; there may be ${onServer}. Try again in a while.`);
    this.#places.set(projectId, own);
    own.all++;
    if (isOfBatch) own.ofBatches++;
    this.#taken++;
    return () => {
      this.#taken--;
      own.all--;
      if (isOfBatch) own.ofBatches--;
      if (own.all === 0) this.#places.delete(projectId);
    };
  }

  /** @param work ends by itself soon after the signal, and never fails */
  run({ id, startedAt }: Pick<Execution, 'id' | 'startedAt'>, work: (stop: AbortController) => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const done = work(stop).finally(() => this.#works.delete(id));
    this.#works.set(id, { startedAt, stop, done });
    return done;
  }

  /** Stops one of this server's. */
  stop(id: string, reason: Error): void {
    this.#works.get(id)?.stop.abort(reason);
  }

  /** Stops all of them, and waits until they are written down. */
  async close(reason: Error): Promise<void> {
    clearInterval(this.#renewal);
    const works = [...this.#works.values()];
    for (const { stop } of works) stop.abort(reason);
    await Promise.all(works.map(({ done }) => done));
    this.#stopListening();
  }

  /** Says that this server is still at it, and finds what was ended elsewhere without a word. */
  async #renew(): Promise<void> {
    const ids = [...this.#works.keys()];
    if (ids.length === 0) return;
    const { prisma, logger } = this.#options;
    const running = { id: { in: ids }, state: 'RUNNING' as const };
    try {
      await prisma.execution.updateMany({ where: running, data: { aliveUntil: leaseEnd() } });
      const left = await prisma.execution.findMany({ where: running, select: { id: true, startedAt: true } });
      const begun = new Map(left.map(({ id, startedAt }) => [id, startedAt?.getTime()]));
      // What was put back and begun anew is another server's.
      for (const id of ids) if (begun.get(id) !== this.#works.get(id)?.startedAt?.getTime()) this.stop(id, new EndedElsewhere());
    } catch (error) {
      logger.warn({ error }, 'the leases of executions could not be renewed; it is tried again');
    }
  }
}

/** Until when an execution is its server's. */
export const leaseEnd = (): Date => new Date(Date.now() + lease);
