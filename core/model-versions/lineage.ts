import type { Prisma, PrismaClient } from '@anneal/prisma';
import { visibleTo } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';

/** Versions that a version was made from, and that were made from it. */
export interface ModelLineage {
  /** Itself included; the oldest generation first. */
  versionIds: string[];
  links: { parentId: string; childId: string }[];
  /** False when there is more than was asked for. */
  isComplete: boolean;
}

/** Versions in one answer. */
const mostVersions = 200;

/**
 * Follows a version to its ancestors and its descendants, as far as somebody may see them.
 * @param depth generations each way, 1–20
 */
export async function lineageOf(
  prisma: PrismaClient,
  viewer: Viewer | null,
  version: { id: string; parentId: string | null },
  depth: number,
): Promise<ModelLineage> {
  const model = visibleTo(viewer);
  const ancestors: string[] = [];
  const links: ModelLineage['links'] = [];
  let above = version;
  while (above.parentId !== null && ancestors.length < depth) {
    const parent = await prisma.modelVersion.findUnique({ where: { id: above.parentId, model }, select: { id: true, parentId: true } });
    if (!parent) break;
    ancestors.unshift(parent.id);
    links.unshift({ parentId: parent.id, childId: above.id });
    above = parent;
  }
  const descendants: string[] = [];
  let generation = [version.id];
  let room = mostVersions;
  for (let level = 0; level < depth && generation.length > 0 && room > 0; level++) {
    const children = await childrenOf(prisma, { parentId: { in: generation }, model }, room);
    for (const { id, parentId } of children) links.push({ parentId, childId: id });
    generation = children.map(({ id }) => id);
    descendants.push(...generation);
    room -= generation.length;
  }
  const isMore = generation.length > 0 && (await childrenOf(prisma, { parentId: { in: generation }, model }, 1)).length > 0;
  return { versionIds: [...ancestors, version.id, ...descendants], links, isComplete: above.parentId === null && !isMore && room > 0 };
}

async function childrenOf(
  prisma: PrismaClient,
  where: Prisma.ModelVersionWhereInput,
  most: number,
): Promise<{ id: string; parentId: string }[]> {
  const children = await prisma.modelVersion.findMany({
    where,
    select: { id: true, parentId: true },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: most,
  });
  return children.flatMap(({ id, parentId }) => (parentId === null ? [] : [{ id, parentId }]));
}
