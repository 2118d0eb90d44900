import type { ExecutionBatch } from '@anneal/prisma';
import type { Logger } from '../logger.ts';
import type { Duty } from '../servers/duties.ts';
import { mostAtWork } from './batch-limits.ts';
import { type BatchRunOptions, runBatch } from './batch-run.ts';

/** Between two looks. Milliseconds. */
const interval = 5000;

/** Sees to it that batches go on: those that were begun anywhere, and those that a server has left when it ended. */
export class BatchKeeping implements Duty {
  readonly #options: BatchRunOptions & { logger: Logger };
  readonly #going = new Map<string, { projectId: string; done: Promise<void> }>();
  #stop = new AbortController();
  #end: (() => void) | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isAsked = false;

  constructor(options: BatchRunOptions & { logger: Logger }) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#stop = new AbortController();
    const stopListening = this.#options.bus.topic('queue').listenToAll(this.#ask);
    const timer = setInterval(this.#ask, interval).unref();
    this.#end = () => {
      stopListening();
      clearInterval(timer);
    };
    this.#ask();
  }

  /** No row is begun any more; those that are being asked end by themselves. */
  async stop(): Promise<void> {
    this.#end?.();
    this.#stop.abort();
    await this.#looking;
    await Promise.all([...this.#going.values()].map(({ done }) => done));
  }

  readonly #ask = (): void => {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error: unknown) => this.#options.logger.error({ error }, 'batches could not be looked after; it is tried again'));
  };

  async #look(): Promise<void> {
    this.#isAsked = false;
    if (this.#stop.signal.aborted) return;
    const batches = await this.#options.prisma.executionBatch.findMany({
      where: { state: 'RUNNING', id: { notIn: [...this.#going.keys()] } },
      orderBy: { createdAt: 'asc' },
      select: { id: true, projectId: true },
    });
    while (this.#going.size < mostAtWork) {
      // The oldest of the project that has the fewest at work: none has to wait for all batches of another.
      const next = batches.toSorted((a, b) => this.#ofProject(a.projectId) - this.#ofProject(b.projectId))[0];
      if (!next) return;
      batches.splice(batches.indexOf(next), 1);
      const batch = await this.#options.prisma.executionBatch.findUnique({ where: { id: next.id } });
      if (batch?.state === 'RUNNING') this.#begin(batch);
    }
  }

  #ofProject(projectId: string): number {
    return [...this.#going.values()].filter((going) => going.projectId === projectId).length;
  }

  #begin(batch: ExecutionBatch): void {
    const done = runBatch(this.#options, batch, this.#stop.signal)
      .finally(() => this.#going.delete(batch.id))
      // There is room for the next one. One that was interrupted waits for the next look.
      .then(this.#ask, (error: unknown) =>
        this.#options.logger.error({ error, batchId: batch.id }, 'a batch was interrupted; it goes on soon'),
      );
    this.#going.set(batch.id, { projectId: batch.projectId, done });
  }
}
