import type { PrismaClient } from '@anneal/prisma';
import type { Logger } from '../logger.ts';
import type { Duty } from '../servers/duties.ts';
import type { Bus } from '../streams/bus.ts';
import { problemOf, serverStopped } from './execution-problem.ts';
import { putBack } from './put-back.ts';
import { failedWith, settle, tellEnd } from './settle.ts';

export interface ExecutionRecoveryOptions {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  /** Whether this is the only server: then what runs when it starts is nobody's. */
  isAlone: boolean;
}

/** Between two looks. Milliseconds. */
const interval = 10_000;
const rowsALook = 200;

/** Ends the executions of servers that died. Those of batches wait for their turn again. */
export class ExecutionRecovery implements Duty {
  readonly #options: ExecutionRecoveryOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: ExecutionRecoveryOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { isAlone, logger } = this.#options;
    // Nobody has begun anything yet.
    if (isAlone) await this.recover(new Date(8.64e15));
    const look = () => {
      this.#looking = this.#looking
        .then(() => this.recover(new Date()))
        .catch((error: unknown) => logger.error({ error }, 'executions of dead servers could not be ended; it is tried again'));
    };
    this.#timer = setInterval(look, interval).unref();
    if (!isAlone) look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Ends what was said to be alive until before that time. */
  async recover(before: Date): Promise<void> {
    const { prisma, bus } = this.#options;
    for (;;) {
      const dead = await prisma.execution.findMany({
        where: { state: 'RUNNING', aliveUntil: { lt: before } },
        select: { id: true, batchId: true, startedAt: true },
        take: rowsALook,
      });
      for (const execution of dead) {
        if (execution.batchId !== null && (await putBack(prisma, execution))) continue;
        if (await settle(prisma, execution, { state: 'FAILED', ...failedWith(problemOf(serverStopped())) })) tellEnd(bus, execution);
      }
      if (dead.length < rowsALook) return;
    }
  }
}
