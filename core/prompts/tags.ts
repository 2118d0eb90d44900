import type { Prisma, PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { plainText } from './plain-text.ts';

export const tagsSchema = z
  .array(plainText.trim().min(1, 'A tag has 1 to 50 characters.').max(50, 'A tag has 1 to 50 characters.'))
  .max(20, 'A prompt has at most 20 tags.')
  .transform((tags) => [...new Set(tags)].sort());

/** Lets a prompt have these tags and no others. */
export async function setTags(transaction: Prisma.TransactionClient, promptId: string, tags: readonly string[]): Promise<void> {
  await transaction.promptTag.deleteMany({ where: { promptId } });
  await transaction.promptTag.createMany({ data: tags.map((name) => ({ promptId, name })) });
}

/** Something that prompts can be filtered by, and on how many prompts it is. */
export interface PromptCount {
  name: string;
  prompts: number;
}

/** At most so many are counted. */
const most = 100;

/** Tags of the prompts of a project, those on most of them first; the first 100. @throws NotFound */
export async function promptTags(prisma: PrismaClient, viewer: Viewer | null, projectId: string): Promise<PromptCount[]> {
  requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
  const counted = await prisma.promptTag.groupBy({
    by: ['name'],
    where: { prompt: { projectId } },
    _count: { name: true },
    orderBy: [{ _count: { name: 'desc' } }, { name: 'asc' }],
    take: most,
  });
  return counted.map(({ name, _count }) => ({ name, prompts: _count.name }));
}

/** Categories of the prompts of a project, those of most of them first; the first 100. Prompts without one are left out. @throws NotFound */
export async function promptCategories(prisma: PrismaClient, viewer: Viewer | null, projectId: string): Promise<PromptCount[]> {
  requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
  const counted = await prisma.prompt.groupBy({
    by: ['category'],
    where: { projectId, category: { not: '' } },
    _count: { category: true },
    orderBy: [{ _count: { category: 'desc' } }, { category: 'asc' }],
    take: most,
  });
  return counted.map(({ category, _count }) => ({ name: category, prompts: _count.category }));
}
