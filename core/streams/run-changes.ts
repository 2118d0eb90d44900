import type { PrismaClient } from '@anneal/prisma';
import { anything, type Bus } from './bus.ts';
import type { Channel, Page } from './page.ts';

/** A run that is new or has changed. */
export interface RunChange {
  id: string;
  projectId: string;
}

/** Servers find each other again within this time. Milliseconds. */
const longestGap = 600_000;

/**
 * Which runs changed, each with the number of its last change: a reader that comes late is told of each run once. A position counts
 * the changes since the first reader came.
 */
export class RunChanges implements Channel<RunChange> {
  readonly name = 'runs';
  readonly interval = 500;
  readonly #prisma: PrismaClient;
  readonly #bus: Bus;
  readonly #noticed = new Set<string>();
  /** In the order of their numbers. */
  readonly #changed = new Map<string, RunChange & { number: number }>();
  #last = 0;

  constructor(prisma: PrismaClient, bus: Bus) {
    this.#prisma = prisma;
    this.#bus = bus;
  }

  listen(listener: () => void): () => void {
    return this.#bus.listenToAll((runId) => {
      this.#noticed.add(runId);
      listener();
    });
  }

  async end(): Promise<number> {
    return this.#last;
  }

  async read(from: number, until?: number): Promise<Page<RunChange>> {
    if (until === undefined) await this.#number();
    const parts: Page<RunChange>['parts'] = [];
    let to = from;
    for (const { number, ...event } of this.#changed.values()) {
      if (number <= from || number > (until ?? Infinity)) continue;
      parts.push({ from: to, to: number, event });
      to = number;
    }
    const end = Math.min(this.#last, until ?? Infinity);
    // What changed again since has a later number.
    if (to < end) parts.push({ from: to, to: end, event: undefined });
    return { parts, from, to: Math.max(from, end), isPartial: false, isLast: false };
  }

  async #number(): Promise<void> {
    const ids = [...this.#noticed];
    this.#noticed.clear();
    if (ids.length === 0) return;
    const noticed = { id: { in: ids } };
    // Messages were lost: whatever goes on, or ended not long ago, may have changed.
    const possible = { OR: [noticed, { finishedAt: null }, { finishedAt: { gte: new Date(Date.now() - longestGap) } }] };
    const runs = await this.#prisma.run.findMany({
      where: ids.includes(anything) ? possible : noticed,
      select: { id: true, projectId: true },
    });
    for (const run of runs) {
      this.#changed.delete(run.id);
      this.#changed.set(run.id, { ...run, number: ++this.#last });
    }
  }
}
