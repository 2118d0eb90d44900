import { visibleTo, type Viewer } from '@anneal/core';
import { optionalId } from './global-id.ts';
import { sortOrder } from './order.ts';

/** What everything can be ordered by that has a name and an age. */
export const ageOrName = {
  CREATED_AT: { description: 'When it was made.' },
  NAME: { description: 'Its name.' },
} as const;

interface Order {
  field: keyof typeof ageOrName;
  direction: keyof typeof sortOrder;
}

/** The newest first unless ordered otherwise. The id at the end makes the order total, as cursors need it. */
export function byAgeOrName(order: Order | null | undefined) {
  const direction = sortOrder[order?.direction ?? 'DESC'];
  return [order?.field === 'NAME' ? { name: direction } : { createdAt: direction }, { id: direction }];
}

/** What belongs to projects that the viewer may see, or to one of them. */
export const inProject = (viewer: Viewer | null, projectId: string | null | undefined) => ({
  AND: [visibleTo(viewer), { projectId: optionalId('Project', projectId || undefined) }],
});

/** The same, with these words in its name or description. */
export function foundIn(viewer: Viewer | null, filter: { search?: string | null; projectId?: string | null } | null | undefined) {
  const search = filter?.search?.trim();
  return {
    ...inProject(viewer, filter?.projectId),
    ...(search && { OR: [{ name: { contains: search } }, { description: { contains: search } }] }),
  };
}
