import type { Role } from '@anneal/prisma';

/** What an API key may be used for. A person who is logged in has all of them. */
export const scopes = ['read', 'write', 'train', 'execute', 'log'] as const;
export type Scope = (typeof scopes)[number];

export const isScope = (value: unknown): value is Scope => scopes.some((scope) => scope === value);

/** How somebody came in. `local`: a studio without accounts, from the machine itself. */
export type Credential = { kind: 'local' } | { kind: 'session'; sessionId: string } | { kind: 'apiKey'; apiKeyId: string };

/** Who asks, and what they may see and do. Made once a request, or once for a whole socket. */
export interface Viewer {
  readonly userId: string;
  readonly name: string;
  /** Manages accounts and sees the audit log of the whole studio; the projects of others stay closed. */
  readonly isAdministrator: boolean;
  readonly credential: Credential;
  readonly scopes: ReadonlySet<Scope>;
  /** Projects that may be seen. An API key of one project has only that one here. */
  readonly roles: ReadonlyMap<string, Role>;
  /** IP address that the request came from; empty when it came from inside. */
  readonly address: string;
}
