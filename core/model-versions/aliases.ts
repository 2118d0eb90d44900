import type { AliasChange, Model, ModelAlias, ModelVersion, Prisma, PrismaClient } from '@anneal/prisma';
import type { Viewer } from '../access/viewer.ts';
import { type Actor, audit } from '../audit/audit.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { previousNumber } from './alias-history.ts';
import { modelForChange } from './models.ts';

const form = /^[a-z0-9-]{1,40}$/;

/** Names that point to one version of a model, and to another one tomorrow: champion, staging. Every change is remembered. */
export class AliasService {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Makes an alias, or lets it point to another version. One that points there already is left as it is.
   * @param input alias: 1–40 of `a-z`, `0-9` and `-`
   * @throws Invalid, NotFound for the model and the version, Forbidden for viewers
   */
  async set(viewer: Viewer, input: { modelId: string; alias: string; versionId: string }): Promise<Model> {
    const { modelId, alias, versionId } = input;
    checkForm(alias);
    return this.#prisma.$transaction(async (transaction) => {
      const model = await modelForChange(transaction, viewer, modelId);
      const version = await transaction.modelVersion.findUnique({ where: { id: versionId, modelId } });
      if (!version) throw new NotFound(`"${model.name}" has no version ${versionId}.`);
      await point(transaction, viewer, { action: 'setModelAlias', model, alias, version });
      return model;
    });
  }

  /** @throws NotFound, Forbidden for viewers */
  async remove(viewer: Viewer, { modelId, alias }: { modelId: string; alias: string }): Promise<Model> {
    return this.#prisma.$transaction(async (transaction) => {
      const model = await modelForChange(transaction, viewer, modelId);
      if (!(await current(transaction, modelId, alias))) throw new NotFound(`"${model.name}" has no alias "${alias}".`);
      await point(transaction, viewer, { action: 'removeModelAlias', model, alias, version: null });
      return model;
    });
  }

  /**
   * Lets an alias point to what it pointed to before; again, to what was before that. It comes back when it was removed.
   * @throws NotFound for the model, Conflict when there is nothing to go back to, Forbidden for viewers
   */
  async rollBack(viewer: Viewer, { modelId, alias }: { modelId: string; alias: string }): Promise<Model> {
    return this.#prisma.$transaction(async (transaction) => {
      const model = await modelForChange(transaction, viewer, modelId);
      const changes = await transaction.aliasChange.findMany({ where: { modelId, alias }, orderBy: { time: 'asc' } });
      const there = await transaction.modelVersion.findMany({ where: { modelId }, select: { number: true } });
      const number = previousNumber(changes, new Set(there.map((version) => version.number)));
      if (number === null) {
        throw new Conflict(`The alias "${alias}" of "${model.name}" has pointed to no other version that is still there. Set it instead.`);
      }
      const version = await transaction.modelVersion.findUniqueOrThrow({ where: { modelId_number: { modelId, number } } });
      await point(transaction, viewer, { action: 'rollBackModelAlias', model, alias, version, isRollBack: true });
      return model;
    });
  }
}

interface Pointing {
  action: string;
  model: Model;
  alias: string;
  /** Null: the alias goes. */
  version: ModelVersion | null;
  isRollBack?: boolean;
}

const current = (
  transaction: Prisma.TransactionClient,
  modelId: string,
  name: string,
): Promise<(ModelAlias & { version: ModelVersion }) | null> =>
  transaction.modelAlias.findUnique({ where: { modelId_name: { modelId, name } }, include: { version: true } });

/** Lets an alias point to a version, and writes it down. The model must have been locked by `modelForChange`. */
export async function point(transaction: Prisma.TransactionClient, actor: Actor, { action, ...change }: Pointing): Promise<void> {
  const { model, alias: name, version, isRollBack = false } = change;
  const { id: modelId, projectId } = model;
  const before = await current(transaction, modelId, name);
  if (before?.versionId === version?.id) return;
  const last = await transaction.aliasChange.findFirst({ where: { modelId, alias: name }, orderBy: { time: 'desc' } });
  const time = after(last);
  if (version) {
    const pointed = { versionId: version.id, updatedAt: time };
    await transaction.modelAlias.upsert({
      where: { modelId_name: { modelId, name } },
      update: pointed,
      create: { modelId, name, ...pointed },
    });
  } else await transaction.modelAlias.delete({ where: { modelId_name: { modelId, name } } });
  const numbers = { fromNumber: before?.version.number ?? null, toNumber: version?.number ?? null };
  await transaction.aliasChange.create({ data: { id: newId(), modelId, alias: name, ...numbers, isRollBack, time, userId: actor.userId } });
  await audit(transaction, actor, { action, projectId, subject: { type: 'Model', id: modelId }, details: { alias: name, ...numbers } });
}

/** Now, but later than the last change: the history is ordered by time. */
const after = (last: AliasChange | null): Date => new Date(Math.max(Date.now(), (last?.time.getTime() ?? 0) + 1));

/** @throws Invalid */
export function checkForm(alias: string): void {
  if (form.test(alias)) return;
  const message = 'An alias has 1 to 40 characters, of a to z, 0 to 9 and "-".';
  throw new Invalid(message, [{ path: 'alias', message }]);
}
