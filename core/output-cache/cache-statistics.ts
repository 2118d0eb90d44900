import type { PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';

export interface CacheStatistics {
  /** Outputs that are kept now, and their size. */
  entries: number;
  bytes: number;
  /** Executions that were answered from the cache, and those that a model was asked for, within the period. */
  hits: number;
  misses: number;
  /** Of all answers; null when there was none. */
  hitRate: number | null;
  /** What the answers from the cache had taken and cost when they were made. */
  savedMilliseconds: number;
  savedUsd: number;
}

/** What the output cache of a project is worth, and how it is emptied. */
export class CacheStatisticsService {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** @param period of the executions, its end excluded; left out: of all that there are. @throws NotFound */
  async of(viewer: Viewer | null, projectId: string, { from, to }: { from?: Date; to?: Date } = {}): Promise<CacheStatistics> {
    requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
    const answered = { projectId, state: 'SUCCEEDED' as const, createdAt: { gte: from, lt: to } };
    const [kept, hit, misses] = await Promise.all([
      this.#prisma.cachedOutput.aggregate({ where: { projectId, expiresAt: { gt: new Date() } }, _count: true, _sum: { bytes: true } }),
      this.#prisma.execution.aggregate({
        where: { ...answered, isCached: true },
        _count: true,
        _sum: { savedMilliseconds: true, savedUsd: true },
      }),
      this.#prisma.execution.count({ where: { ...answered, isCached: false } }),
    ]);
    const hits = hit._count;
    return {
      entries: kept._count,
      bytes: kept._sum.bytes ?? 0,
      hits,
      misses,
      hitRate: hits + misses === 0 ? null : hits / (hits + misses),
      savedMilliseconds: hit._sum.savedMilliseconds ?? 0,
      savedUsd: hit._sum.savedUsd ?? 0,
    };
  }

  /** Deletes what is kept. @param model only outputs of this one. @returns how many there were. @throws NotFound, Forbidden for viewers */
  async clear(viewer: Viewer, projectId: string, model?: string): Promise<number> {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    return this.#prisma.$transaction(async (transaction) => {
      const { count } = await transaction.cachedOutput.deleteMany({ where: { projectId, model } });
      const subject = { type: 'Project', id: projectId };
      await audit(transaction, viewer, { action: 'clearOutputCache', projectId, subject, details: { count, ...(model && { model }) } });
      return count;
    });
  }
}
