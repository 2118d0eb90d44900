import { quickstartConfig } from '@anneal/engine';
import type { PrismaClient, Run } from '@anneal/prisma';
import { defaultProjectId } from './identity/local-user.ts';
import { localViewer } from './identity/viewers.ts';
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
    const viewer = await localViewer(this.#prisma);
    return this.#runs.start(viewer, { name: 'Quickstart', projectId: defaultProjectId, config: quickstartConfig });
  }
}
