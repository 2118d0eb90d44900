import type { Role } from '@anneal/prisma';
import { Forbidden, NotFound, Unauthenticated } from '../errors.ts';
import type { Scope, Viewer } from './viewer.ts';

const ranks: Readonly<Record<Role, number>> = { VIEWER: 0, EDITOR: 1, OWNER: 2 };

/** Where clause of everything that somebody may see: `{ where: { ...visibleTo(viewer) } }` on tables that have a project. */
export const visibleTo = (viewer: Viewer | null): { projectId: { in: string[] } } => ({
  projectId: { in: [...(viewer?.roles.keys() ?? [])] },
});

/**
 * Lets somebody pass who is known.
 * @throws Unauthenticated
 */
export function requireViewer(viewer: Viewer | null): asserts viewer is Viewer {
  if (!viewer) throw new Unauthenticated('This needs somebody who is logged in, or an API key: send "Authorization: Bearer …".');
}

/**
 * Lets somebody pass who is known and whose key may be used for this.
 * @throws Unauthenticated, Forbidden
 */
export function requireScope(viewer: Viewer | null, scope: Scope): asserts viewer is Viewer {
  requireViewer(viewer);
  if (!viewer.scopes.has(scope)) throw new Forbidden(`This API key may not be used for that: it lacks the scope "${scope}".`);
}

/**
 * Lets somebody pass who is there in person: accounts, keys and members are nothing for programs.
 * @throws Unauthenticated, Forbidden for API keys
 */
export function requirePerson(viewer: Viewer | null): asserts viewer is Viewer {
  requireViewer(viewer);
  if (viewer.credential.kind === 'apiKey') throw new Forbidden('API keys cannot do that. Log in, and do it yourself.');
}

/**
 * Lets an administrator pass.
 * @throws Unauthenticated, Forbidden
 */
export function requireAdministrator(viewer: Viewer | null): asserts viewer is Viewer {
  requirePerson(viewer);
  if (!viewer.isAdministrator) throw new Forbidden('Only an administrator of the studio can do that.');
}

/**
 * Lets somebody pass who has at least this role in a project. Whoever is no member is told that there is nothing.
 * @param what names the thing in the message: `run 4x…`
 * @throws Unauthenticated, NotFound for strangers to the project, Forbidden for members and keys that may not
 */
export function requireRole(
  viewer: Viewer | null,
  { projectId, role, scope, what = `project ${projectId}` }: { projectId: string; role: Role; scope: Scope; what?: string },
): asserts viewer is Viewer {
  requireScope(viewer, scope);
  const own = viewer.roles.get(projectId);
  if (own === undefined) throw new NotFound(`There is no ${what}.`);
  if (ranks[own] < ranks[role]) {
    throw new Forbidden(`That needs the role ${role.toLowerCase()} in this project; yours is ${own.toLowerCase()}. Ask one of its owners.`);
  }
}

/** The project that is meant when none is named: the one that they have been a member of for longest. */
export const firstProject = (viewer: Viewer): string | undefined => viewer.roles.keys().next().value;
