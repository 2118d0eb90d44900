import type { ApiKey, PrismaClient } from '@anneal/prisma';
import { requirePerson, requireRole } from '../access/access.ts';
import { publishAccessChange } from '../access/access-changes.ts';
import { isScope, type Scope, scopes, type Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Invalid, NotFound } from '../errors.ts';
import { apiKeyPrefix } from '../identity/identity.ts';
import { hashSecret, newSecret } from '../identity/secrets.ts';
import { newId } from '../ids.ts';
import type { Bus } from '../streams/bus.ts';

export interface ApiKeyInput {
  /** 1–100 characters. */
  name: string;
  scopes: readonly string[];
  /** Left out: it works until it is revoked. */
  expiresAt?: Date;
  /** Left out: it works for every project of its user, later ones too. */
  projectId?: string;
}

/** Secrets for programs, which act for a user and may do less than that user. */
export class ApiKeyService {
  readonly #prisma: PrismaClient;
  readonly #bus: Bus;

  constructor(prisma: PrismaClient, bus: Bus) {
    this.#prisma = prisma;
    this.#bus = bus;
  }

  /**
   * Makes a key for oneself.
   * @returns it with its secret, which is shown this once: only a hash of it is stored
   * @throws Invalid with an issue a field, NotFound for a project that one is not in, Forbidden for API keys
   */
  async create(viewer: Viewer, input: ApiKeyInput): Promise<{ apiKey: ApiKey; secret: string }> {
    requirePerson(viewer);
    const { name, scopes: given } = checked(input);
    const { projectId, expiresAt } = input;
    if (projectId !== undefined) requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
    const secret = `${apiKeyPrefix}${newSecret()}`;
    const apiKey = await this.#prisma.$transaction(async (transaction) => {
      const created = await transaction.apiKey.create({
        data: {
          id: newId(),
          userId: viewer.userId,
          projectId,
          name,
          prefix: secret.slice(0, apiKeyPrefix.length + 4),
          hash: hashSecret(secret),
          scopes: given,
          expiresAt,
        },
      });
      const details = { name, scopes: given, ...(expiresAt && { expiresAt: expiresAt.toISOString() }) };
      await audit(transaction, viewer, { action: 'createApiKey', projectId, subject: { type: 'ApiKey', id: created.id }, details });
      return created;
    });
    return { apiKey, secret };
  }

  /**
   * Ends one's own key, or one that is made for a project that one owns. What it holds open is closed. A revoked one is left as it is.
   * @throws NotFound, Forbidden for API keys
   */
  async revoke(viewer: Viewer, apiKeyId: string): Promise<ApiKey> {
    requirePerson(viewer);
    const apiKey = await this.#prisma.$transaction(async (transaction) => {
      const before = await transaction.apiKey.findUnique({ where: { id: apiKeyId } });
      if (!before || !mayRevoke(viewer, before)) throw new NotFound(`There is no API key ${apiKeyId}.`);
      if (before.revokedAt) return before;
      const { projectId, name } = before;
      const subject = { type: 'ApiKey', id: apiKeyId };
      await audit(transaction, viewer, { action: 'revokeApiKey', projectId: projectId ?? undefined, subject, details: { name } });
      return transaction.apiKey.update({ where: { id: apiKeyId }, data: { revokedAt: new Date() } });
    });
    publishAccessChange(this.#bus, { apiKeyId });
    return apiKey;
  }
}

const mayRevoke = ({ userId, roles }: Viewer, key: ApiKey): boolean =>
  key.userId === userId || (key.projectId !== null && roles.get(key.projectId) === 'OWNER');

function checked(input: ApiKeyInput): { name: string; scopes: Scope[] } {
  const name = input.name.trim();
  const wanted = new Set(input.scopes);
  const unknown = [...wanted].filter((scope) => !isScope(scope));
  const issues = [
    ...(name.length < 1 || name.length > 100 ? [{ path: 'name', message: 'A name has 1 to 100 characters.' }] : []),
    ...(wanted.size === 0 ? [{ path: 'scopes', message: `A key needs at least one scope of ${scopes.join(', ')}.` }] : []),
    ...unknown.map((scope) => ({ path: 'scopes', message: `There is no scope "${scope}"; there are ${scopes.join(', ')}.` })),
    ...(input.expiresAt && input.expiresAt.getTime() <= Date.now()
      ? [{ path: 'expiresAt', message: `${input.expiresAt.toISOString()} is over. Give a time to come, or leave it out.` }]
      : []),
  ];
  if (issues.length > 0) throw new Invalid(`The API key is not valid: ${issues.map(({ message }) => message).join(' ')}`, issues);
  return { name, scopes: scopes.filter((scope) => wanted.has(scope)) };
}
