import { firstProject, NotFound, requireRole, type Viewer } from '@anneal/core';
import { databaseId } from './global-id.ts';

/**
 * The project that an input names; left out: the viewer's first one.
 * @returns its database id
 * @throws NotFound
 */
export function projectFor(viewer: Viewer, globalId: string | null | undefined): string {
  if (globalId !== null && globalId !== undefined) return databaseId('Project', globalId);
  const first = firstProject(viewer);
  if (first === undefined) throw new NotFound('You are in no project yet. Make one first.');
  return first;
}

/**
 * The project that an argument names, if they may see it.
 * @returns its database id
 * @throws NotFound
 */
export function visibleProject(viewer: Viewer, globalId: string): string {
  const projectId = databaseId('Project', globalId);
  requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
  return projectId;
}
