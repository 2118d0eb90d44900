import type { PrismaClient } from '@anneal/prisma';

/** Looked at in the database again after so long: other servers write too, and what is old leaves. Milliseconds. */
const patience = 60_000;
/** Down to this share of what may be kept, so that not every new output makes another one leave. */
const target = 0.9;
const rowsATime = 200;

/** Keeps what each project has in the cache below what it may keep. */
export class CacheSize {
  readonly #prisma: PrismaClient;
  readonly #known = new Map<string, { bytes: number; at: number }>();

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** Something was added. When it is too much now, the least recently used ones leave. */
  async add(projectId: string, bytes: number, limitBytes: number): Promise<void> {
    const before = this.#known.get(projectId);
    const isKnown = before !== undefined && performance.now() - before.at < patience;
    const known = isKnown
      ? { bytes: before.bytes + bytes, at: before.at }
      : { bytes: await this.#measured(projectId), at: performance.now() };
    if (known.bytes > limitBytes) {
      // Counted anew: what was replaced or has expired was counted too.
      known.bytes = await this.#measured(projectId);
      if (known.bytes > limitBytes) known.bytes = await this.#evict(projectId, known.bytes, limitBytes * target);
    }
    this.#known.set(projectId, known);
  }

  async #measured(projectId: string): Promise<number> {
    await this.#prisma.cachedOutput.deleteMany({ where: { projectId, expiresAt: { lte: new Date() } } });
    const { _sum: sum } = await this.#prisma.cachedOutput.aggregate({ where: { projectId }, _sum: { bytes: true } });
    return sum.bytes ?? 0;
  }

  /** @returns what is left */
  async #evict(projectId: string, bytes: number, wanted: number): Promise<number> {
    let left = bytes;
    while (left > wanted) {
      const oldest = await this.#prisma.cachedOutput.findMany({
        where: { projectId },
        orderBy: { lastUsedAt: 'asc' },
        select: { key: true, bytes: true },
        take: rowsATime,
      });
      const leaving: string[] = [];
      for (const { key, bytes: size } of oldest) {
        if (left <= wanted) break;
        leaving.push(key);
        left -= size;
      }
      if (leaving.length === 0) break;
      await this.#prisma.cachedOutput.deleteMany({ where: { projectId, key: { in: leaving } } });
    }
    return left;
  }
}
