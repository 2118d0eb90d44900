import { NotFound, visibleTo } from '@anneal/core';
import type { Context } from './context.ts';
import { databaseId } from './global-id.ts';

/**
 * The database id of a run that is there for whoever asks. A subscription asks first, so that a wrong id is the answer to its request and not a
 * broken stream.
 * @throws NotFound
 */
export async function existingRun({ studio, viewer }: Context, globalId: string): Promise<string> {
  const id = databaseId('Run', globalId);
  const run = await studio.prisma.run.findUnique({ where: { id, ...visibleTo(viewer) }, select: { id: true } });
  if (!run) throw new NotFound(`There is no run with the id "${globalId}".`);
  return id;
}
