import type { PrismaClient } from '@anneal/prisma';
import type { Viewer } from '../access/viewer.ts';
import type { Logger } from '../logger.ts';

/** Between two writes. Milliseconds. */
const interval = 1000;

interface Count {
  apiKeyId: string;
  /** YYYY-MM-DD, UTC */
  day: string;
  operation: string;
  count: number;
  errors: number;
  milliseconds: number;
}

/** Counts what API keys are used for: in memory, and at most once a second in the database. */
export class ApiKeyUsageRecorder {
  readonly #prisma: PrismaClient;
  readonly #logger: Logger;
  #counts = new Map<string, Count>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(prisma: PrismaClient, logger: Logger) {
    this.#prisma = prisma;
    this.#logger = logger;
  }

  /**
   * Counts one call. Of whoever came without an API key, nothing is counted.
   * @param call operation: name of the root field, or of the REST address
   */
  record({ credential }: Pick<Viewer, 'credential'>, call: { operation: string; milliseconds: number; isError: boolean }): void {
    if (credential.kind !== 'apiKey') return;
    const { apiKeyId } = credential;
    const { operation, milliseconds, isError } = call;
    const day = new Date().toISOString().slice(0, 10);
    const key = `${apiKeyId} ${day} ${operation}`;
    const before = this.#counts.get(key) ?? { apiKeyId, day, operation, count: 0, errors: 0, milliseconds: 0 };
    const { count, errors } = before;
    this.#counts.set(key, {
      ...before,
      count: count + 1,
      errors: errors + (isError ? 1 : 0),
      milliseconds: before.milliseconds + milliseconds,
    });
    this.#timer ??= setTimeout(() => void this.flush(), interval).unref();
  }

  /** Writes what was counted so far. What cannot be written is lost, and logged. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    this.#writing = this.#writing.then(() => this.#write(counts));
    await this.#writing;
  }

  async #write(counts: readonly Count[]): Promise<void> {
    if (counts.length === 0) return;
    try {
      await this.#prisma.$transaction(async (transaction) => {
        const ids = [...new Set(counts.map(({ apiKeyId }) => apiKeyId))];
        await transaction.apiKey.updateMany({ where: { id: { in: ids } }, data: { lastUsedAt: new Date() } });
        // A key that is gone by now needs no counts.
        const known = new Set(
          (await transaction.apiKey.findMany({ where: { id: { in: ids } }, select: { id: true } })).map(({ id }) => id),
        );
        // In one order, so that two servers that write at the same time do not wait for each other in a circle.
        const rows = counts.filter(({ apiKeyId }) => known.has(apiKeyId)).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
        for (const { apiKeyId, day, operation, count, errors, milliseconds } of rows) {
          await transaction.apiKeyUsage.upsert({
            where: { apiKeyId_day_operation: { apiKeyId, day, operation } },
            update: { count: { increment: count }, errors: { increment: errors }, milliseconds: { increment: milliseconds } },
            create: { apiKeyId, day, operation, count, errors, milliseconds },
          });
        }
      });
    } catch (error) {
      this.#logger.warn({ error }, 'the usage of API keys could not be written');
    }
  }
}

const nameOf = ({ apiKeyId, day, operation }: Count): string => `${apiKeyId} ${day} ${operation}`;
