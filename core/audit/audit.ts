import type { Prisma } from '@anneal/prisma';
import type { Credential } from '../access/viewer.ts';
import { newId } from '../ids.ts';

export interface Audited {
  /** Name of the mutation, or of what happened: `startRun`, `logIn`. */
  action: string;
  projectId?: string;
  /** GraphQL type and database id of what it was done to. */
  subject?: { type: string; id: string };
  /** What was asked for. Never secrets, never file contents. */
  details?: Prisma.InputJsonObject;
}

/** Who did it: a viewer; somebody who is just logging in; nobody known (a failed log-in). */
export interface Actor {
  userId?: string;
  credential?: Credential;
  /** IP address; empty when it came from inside. */
  address: string;
}

/** Writes down who changed what, in the same transaction as the change itself. */
export async function audit(transaction: Prisma.TransactionClient, actor: Actor, entry: Audited): Promise<void> {
  await transaction.auditEntry.create({ data: rowOf(actor, entry) });
}

/** The same for what was done to many things at once. */
export async function auditAll(transaction: Prisma.TransactionClient, actor: Actor, entries: readonly Audited[]): Promise<void> {
  await transaction.auditEntry.createMany({ data: entries.map((entry) => rowOf(actor, entry)) });
}

const rowOf = (actor: Actor, { action, projectId, subject, details = {} }: Audited) => ({
  id: newId(),
  action,
  projectId,
  details,
  subjectType: subject?.type,
  subjectId: subject?.id,
  userId: actor.userId,
  apiKeyId: actor.credential?.kind === 'apiKey' ? actor.credential.apiKeyId : null,
  address: actor.address,
});
