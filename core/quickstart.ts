import { quickstartConfig } from '@anneal/engine';
import type { PrismaClient, Run } from '@anneal/prisma';
import type { RunService } from './runs/runs.ts';

/** The first run of a new studio. */
export class Quickstart {
  readonly #prisma: PrismaClient;
  readonly #runs: RunService;

  constructor(prisma: PrismaClient, runs: RunService) {
    this.#prisma = prisma;
    this.#runs = runs;
  }

  /** Starts the run named "Quickstart" when the studio has no run at all. @returns it, or null. */
  async startIfEmpty(): Promise<Run | null> {
    if ((await this.#prisma.run.count()) > 0) return null;
    return this.#runs.start({ name: 'Quickstart', config: quickstartConfig });
  }
}
