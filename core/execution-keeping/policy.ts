import type { PrismaClient, Project } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Invalid } from '../errors.ts';

/** What a project keeps of executions. What is left out stays as it is. */
export interface ExecutionPolicy {
  /** Days after which inputs and outputs are deleted, 1 to 36,500; null: never. */
  executionRetentionDays?: number | null;
  /** How long outputs are given again, at most 365 days; 0: not at all. */
  cacheSeconds?: number;
  /** Most of them that are kept, at most 100 GB; 0: none. */
  cacheLimitBytes?: number;
}

const ranges = { executionRetentionDays: [1, 36_500], cacheSeconds: [0, 31_536_000], cacheLimitBytes: [0, 100_000_000_000] } as const;

/** How long texts of executions live. */
export class ExecutionPolicyService {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /** @throws Invalid with an issue a field, NotFound, Forbidden for those who do not own the project */
  async update(viewer: Viewer, projectId: string, policy: ExecutionPolicy): Promise<Project> {
    requireRole(viewer, { projectId, role: 'OWNER', scope: 'write' });
    const issues = Object.entries(ranges).flatMap(([path, [least, most]]) => {
      const value = policy[path as keyof typeof ranges];
      if (value == null || (Number.isInteger(value) && value >= least && value <= most)) return [];
      return [{ path, message: `must be a whole number from ${least} to ${most}` }];
    });
    if (issues.length > 0) throw new Invalid(issues.map(({ path, message }) => `${path} ${message}`).join('; '), issues);
    const { executionRetentionDays, cacheSeconds, cacheLimitBytes } = policy;
    const data = { executionRetentionDays, cacheSeconds, cacheLimitBytes };
    return this.#prisma.$transaction(async (transaction) => {
      const subject = { type: 'Project', id: projectId };
      await audit(transaction, viewer, { action: 'updateExecutionPolicy', projectId, subject, details: data });
      // Nothing is kept of a cache that is switched off.
      if (cacheSeconds === 0 || cacheLimitBytes === 0) await transaction.cachedOutput.deleteMany({ where: { projectId } });
      return transaction.project.update({ where: { id: projectId }, data });
    });
  }
}
