import type { Prisma, PrismaClient, Prompt } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict } from '../errors.ts';
import { newId } from '../ids.ts';
import { uniquely } from '../uniquely.ts';
import { pointLabel, refuseProtected } from './labels.ts';
import { promptForChange } from './prompt-change.ts';
import { checkedFields, type PromptFields } from './prompt-input.ts';
import type { PromptSearchIndex } from './search-index.ts';
import { setTags } from './tags.ts';
import { checkedVersion, type VersionInput } from './version-content.ts';
import { addVersion } from './versions.ts';

export interface NewPromptInput extends PromptFields, VersionInput {
  projectId: string;
  /** Lets this label point to the first version. */
  label?: string;
}

/** They are handed to the database again, which takes about a thousand values with a statement. */
const mostMatches = 500;

/** The library: what prompts there are, and what is said about them. How they are worded is a matter of their versions. */
export class PromptService {
  readonly #prisma: PrismaClient;
  readonly #search: PromptSearchIndex;

  constructor(prisma: PrismaClient, search: PromptSearchIndex) {
    this.#prisma = prisma;
    this.#search = search;
  }

  /** Ids of the prompts that somebody may see and that have all words of a text; in one project, or in all. The best 500. */
  async matching(viewer: Viewer | null, { projectId, text }: { projectId?: string; text: string }): Promise<string[]> {
    const visible = [...(viewer?.roles.keys() ?? [])].filter((id) => projectId === undefined || id === projectId);
    const found = await Promise.all(visible.map((id) => this.#search.find(this.#prisma, id, text, mostMatches)));
    return found
      .flat()
      .sort((a, b) => b.score - a.score)
      .slice(0, mostMatches)
      .map(({ promptId }) => promptId);
  }

  /**
   * Makes a prompt with its first version.
   * @throws Invalid with an issue a field, Conflict when the name is taken, Forbidden for viewers and protected labels
   */
  async create(viewer: Viewer, { projectId, label, ...input }: NewPromptInput): Promise<Prompt> {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const { name, description, category, useCase, tags, ...version } = input;
    const fields = checkedFields({ name, description, category, useCase, tags });
    const checked = checkedVersion(version);
    return uniquely('a prompt', fields.name, () =>
      this.#prisma.$transaction(async (transaction) => {
        const prompt = await insertPrompt(transaction, viewer, { projectId, ...fields });
        const first = await addVersion(transaction, viewer, prompt, checked);
        await this.#search.put(transaction, prompt, first);
        if (label !== undefined) await pointLabel(transaction, viewer, { action: 'deployPromptVersion', prompt, label, version: first });
        return prompt;
      }),
    );
  }

  /**
   * Changes what is said about a prompt. What is left out stays.
   * @throws Invalid with an issue a field, NotFound, Conflict when the name is taken or the old one is included by others, Forbidden for viewers
   */
  async update(viewer: Viewer, id: string, input: Partial<PromptFields>): Promise<Prompt> {
    return uniquely('a prompt', input.name?.trim() ?? '', () =>
      this.#prisma.$transaction(async (transaction) => {
        const before = await promptForChange(transaction, viewer, id);
        const tagsBefore = await transaction.promptTag.findMany({ where: { promptId: id } });
        const { tags, ...fields } = checkedFields({
          name: input.name ?? before.name,
          description: input.description ?? before.description,
          category: input.category ?? before.category,
          useCase: input.useCase ?? before.useCase,
          tags: input.tags ?? tagsBefore.map((tag) => tag.name),
        });
        if (fields.name !== before.name) await refuseIncluded(transaction, before, 'rename');
        if (input.tags) await setTags(transaction, id, tags);
        const prompt = await transaction.prompt.update({ where: { id }, data: fields });
        const newest = await transaction.promptVersion.findUniqueOrThrow({
          where: { promptId_number: { promptId: id, number: prompt.lastNumber } },
        });
        await this.#search.put(transaction, prompt, newest);
        const details = { name: prompt.name, previousName: before.name };
        await audit(transaction, viewer, { action: 'updatePrompt', projectId: before.projectId, subject: { type: 'Prompt', id }, details });
        return prompt;
      }),
    );
  }

  /**
   * Deletes a prompt with its versions, labels and A/B tests. Its executions stay.
   * @throws NotFound, Conflict while another prompt includes it, Forbidden for viewers, and for all but owners when one of its labels is protected
   */
  async delete(viewer: Viewer, id: string): Promise<void> {
    await this.#prisma.$transaction(async (transaction) => {
      const prompt = await promptForChange(transaction, viewer, id);
      const { projectId, name, lastNumber } = prompt;
      const labels = await transaction.promptLabel.findMany({ where: { promptId: id }, select: { name: true } });
      await refuseProtected(
        transaction,
        viewer,
        projectId,
        labels.map((label) => label.name),
      );
      await refuseIncluded(transaction, prompt, 'delete');
      await transaction.prompt.delete({ where: { id } });
      const subject = { type: 'Prompt', id };
      await audit(transaction, viewer, { action: 'deletePrompt', projectId, subject, details: { name, versions: lastNumber } });
    });
  }
}

/** Makes a prompt without any version yet. */
async function insertPrompt(
  transaction: Prisma.TransactionClient,
  viewer: Viewer,
  { projectId, tags, ...fields }: Required<PromptFields> & { projectId: string },
): Promise<Prompt> {
  const prompt = await transaction.prompt.create({ data: { id: newId(), projectId, ...fields, createdById: viewer.userId } });
  await setTags(transaction, prompt.id, tags);
  const subject = { type: 'Prompt', id: prompt.id };
  await audit(transaction, viewer, { action: 'createPrompt', projectId, subject, details: { name: prompt.name } });
  return prompt;
}

/**
 * Prompts are included by name. Only what is in use counts: newest versions, and those that a label points to.
 * @throws Conflict when another prompt includes this one
 */
async function refuseIncluded(transaction: Prisma.TransactionClient, prompt: Prompt, change: 'rename' | 'delete'): Promise<void> {
  const { id, projectId, name } = prompt;
  // What can be in a name has no meaning for LIKE. Names in quotation marks stand nowhere else in this column but as labels.
  const [including] = await transaction.$queryRaw<{ name: string }[]>`
    SELECT "Prompt"."name" FROM "PromptVersion" JOIN "Prompt" ON "Prompt"."id" = "PromptVersion"."promptId"
    WHERE "Prompt"."projectId" = ${projectId} AND "Prompt"."id" <> ${id}
      AND ("PromptVersion"."number" = "Prompt"."lastNumber"
        OR EXISTS (SELECT 1 FROM "PromptLabel" WHERE "PromptLabel"."versionId" = "PromptVersion"."id"))
      AND (CAST("PromptVersion"."includes" AS TEXT) LIKE ${`%"name":"${name}"%`}
        OR CAST("PromptVersion"."includes" AS TEXT) LIKE ${`%"name": "${name}"%`})
    ORDER BY "Prompt"."name" LIMIT 1`;
  if (including) {
    throw new Conflict(
      `The prompt "${including.name}" includes "${name}" by its name. Make a version of it without that first, and point its labels there; then ${change} this one.`,
    );
  }
}
