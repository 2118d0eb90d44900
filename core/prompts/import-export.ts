import { Prisma, type PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Invalid, LimitExceeded, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { isUniqueViolation } from '../uniquely.ts';
import { type FileIssue, fileLimits, type FilePrompt, fileRefusal, readPromptFile } from './import-export-file.ts';
import { type FileFormat, writeText } from './import-export-text.ts';
import { checkIncludes, type KnownIncludes } from './includes.ts';
import { insertImported } from './import-new.ts';
import { inChunks } from './in-chunks.ts';
import { promptForChange } from './prompt-change.ts';
import type { PromptSearchIndex } from './search-index.ts';
import { storable, storedContent } from './version-content.ts';

export interface ExportOptions {
  projectId: string;
  /** Left out: all prompts of the project. */
  promptIds?: readonly string[];
  format: FileFormat;
  /** Otherwise the newest one alone, with the labels that point to it. */
  areAllVersions: boolean;
}

export interface PromptExport {
  fileName: string;
  /** Content type. */
  mediaType: string;
  text: string;
  prompts: number;
  versions: number;
}

/** What to do with prompts whose names are taken: leave them, give them versions that they do not have yet, or import nothing. */
export type ExistingChoice = 'SKIP' | 'NEW_VERSION' | 'FAIL';

export interface PromptImport {
  /** Prompts that were made, by name. */
  createdIds: string[];
  /** Prompts that were there and got new versions, by name. */
  updatedIds: string[];
  /** Names of prompts that stay as they were. */
  skipped: string[];
  /** Versions that were made. */
  versions: number;
}

/** Takes prompts out of a studio and into another. */
export class PromptTransferService {
  readonly #prisma: PrismaClient;
  readonly #search: Pick<PromptSearchIndex, 'insert' | 'put'>;

  constructor(prisma: PrismaClient, search: Pick<PromptSearchIndex, 'insert' | 'put'>) {
    this.#prisma = prisma;
    this.#search = search;
  }

  /**
   * Writes prompts of a project as a text that can be imported again.
   * @throws NotFound, LimitExceeded when it would be too long to be imported again
   */
  async export(viewer: Viewer | null, { projectId, promptIds, format, areAllVersions }: ExportOptions): Promise<PromptExport> {
    requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
    const ids = await this.#chosen(projectId, promptIds);
    await this.#refuseTooMuch(ids, areAllVersions);
    const read = await inChunks(ids, (some) =>
      this.#prisma.prompt.findMany({
        where: { id: { in: some } },
        include: { tags: { orderBy: { name: 'asc' } }, versions: { orderBy: { number: 'asc' } }, labels: { orderBy: { name: 'asc' } } },
      }),
    );
    const prompts = read.sort(byName);
    const written = prompts.map((prompt) => {
      const versions = areAllVersions ? prompt.versions : prompt.versions.slice(-1);
      const numbers = new Map(versions.map(({ id, number }) => [id, number]));
      const labels = new Map(prompt.labels.map(({ name, versionId }) => [name, numbers.get(versionId)]));
      return withoutEmpty({
        name: prompt.name,
        description: prompt.description,
        category: prompt.category,
        useCase: prompt.useCase,
        tags: prompt.tags.map(({ name }) => name),
        labels: Object.fromEntries([...labels].filter(([, number]) => number !== undefined)),
        versions: versions.map((version) => withoutEmpty({ number: version.number, notes: version.notes, ...storedContent(version) })),
      });
    });
    const file = { anneal: 'prompts', formatVersion: 1, prompts: written };
    const isYaml = format === 'YAML';
    const text = await writeText(file, format);
    if (text.length > fileLimits.characters) throw tooMuch();
    return {
      fileName: isYaml ? 'prompts.yaml' : 'prompts.json',
      mediaType: isYaml ? 'application/yaml' : 'application/json',
      text,
      prompts: written.length,
      versions: prompts.reduce((sum, { versions }) => sum + (areAllVersions ? versions.length : 1), 0),
    };
  }

  /**
   * Reads prompts from a text, all or none. Versions get the next numbers of their prompt, in the order of the file; labels are set on
   * prompts that are new, and stay as they are on others.
   * @throws Invalid with an issue for everything that is wrong, each with its path and line, LimitExceeded, NotFound, Conflict when a name is
   *   taken and that is to fail, Forbidden for viewers and protected labels
   */
  async import(
    viewer: Viewer,
    { projectId, text, format, existing }: { projectId: string; text: string; format: FileFormat; existing: ExistingChoice },
  ): Promise<PromptImport> {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const file = await readPromptFile(text, format);
    try {
      return await this.#prisma.$transaction((transaction) => this.#importAll(transaction, viewer, { projectId, file, existing }));
    } catch (error) {
      if (error instanceof MissingIncludes) throw await fileRefusal(text, error.issues);
      if (!isUniqueViolation(error)) throw error;
      throw new Conflict('Somebody has made a prompt with one of these names just now; nothing was imported. Try again.', { cause: error });
    }
  }

  async #importAll(
    transaction: Prisma.TransactionClient,
    viewer: Viewer,
    { projectId, file, existing }: { projectId: string; file: readonly FilePrompt[]; existing: ExistingChoice },
  ): Promise<PromptImport> {
    const names = file.map(({ name }) => name);
    const found = await inChunks(names, (some) => transaction.prompt.findMany({ where: { projectId, name: { in: some } } }));
    const there = found.sort(byName);
    if (existing === 'FAIL' && there.length > 0) {
      const list = there.slice(0, 10).map(({ name }) => `"${name}"`);
      const more = there.length > list.length ? ` and ${there.length - list.length} more` : '';
      throw new Conflict(
        `There ${there.length === 1 ? 'is a prompt' : 'are prompts'} named ${list.join(', ')}${more} already; nothing was imported. Let them be skipped, or get new versions.`,
      );
    }
    const known = new Map(there.map((prompt) => [prompt.name, prompt]));
    const fresh = file.filter(({ name }) => !known.has(name));
    const createdIds = await insertImported(transaction, viewer, { projectId, file: fresh.sort(byName), search: this.#search });
    const made = fresh.reduce((sum, { versions }) => sum + versions.length, 0);
    const outcome: PromptImport = { createdIds, updatedIds: [], skipped: [], versions: made };
    for (const { name, versions } of file.toSorted(byName)) {
      const before = known.get(name);
      if (!before) continue;
      const added = existing === 'SKIP' ? 0 : await this.#addVersions(transaction, viewer, before.id, versions);
      outcome.versions += added;
      if (added > 0) outcome.updatedIds.push(before.id);
      else outcome.skipped.push(name);
    }
    await requireIncludes(transaction, projectId, file);
    const details = { created: outcome.createdIds.length, updated: outcome.updatedIds.length, versions: outcome.versions };
    await audit(transaction, viewer, { action: 'importPrompts', projectId, subject: { type: 'Project', id: projectId }, details });
    return outcome;
  }

  /** Gives a prompt those versions whose content it does not have yet. @returns how many these are */
  async #addVersions(
    transaction: Prisma.TransactionClient,
    viewer: Viewer,
    promptId: string,
    versions: FilePrompt['versions'],
  ): Promise<number> {
    const prompt = await promptForChange(transaction, viewer, promptId);
    const there = await transaction.promptVersion.findMany({ where: { promptId }, select: { contentHash: true } });
    const hashes = new Set(there.map(({ contentHash }) => contentHash));
    const rows = versions
      .map(({ number: _, ...checked }) => storable(checked))
      .filter(({ contentHash }) => !hashes.has(contentHash))
      .map((stored, index) => ({ id: newId(), promptId, number: prompt.lastNumber + 1 + index, createdById: viewer.userId, ...stored }));
    const newest = rows.at(-1);
    if (newest) {
      await transaction.promptVersion.createMany({ data: rows });
      await transaction.prompt.update({ where: { id: promptId }, data: { lastNumber: newest.number } });
      await this.#search.put(transaction, prompt, newest);
    }
    return rows.length;
  }

  /** Ids of the prompts to export. @throws NotFound, LimitExceeded */
  async #chosen(projectId: string, promptIds: readonly string[] | undefined): Promise<string[]> {
    if (promptIds && promptIds.length > fileLimits.prompts) throw tooMuch();
    const select = { id: true } as const;
    const found = promptIds
      ? await inChunks(promptIds, (some) => this.#prisma.prompt.findMany({ where: { projectId, id: { in: some } }, select }))
      : await this.#prisma.prompt.findMany({ where: { projectId }, select, take: fileLimits.prompts + 1 });
    const ids = new Set(found.map(({ id }) => id));
    const missing = promptIds?.find((id) => !ids.has(id));
    if (missing !== undefined) throw new NotFound(`There is no prompt ${missing} in this project.`);
    if (ids.size === 0) throw new NotFound('There is no prompt in this project to export.');
    return [...ids];
  }

  /** Looks at the size before anything is read. @throws LimitExceeded */
  async #refuseTooMuch(ids: readonly string[], areAllVersions: boolean): Promise<void> {
    const newest = areAllVersions ? Prisma.empty : Prisma.sql`AND "PromptVersion"."number" = "Prompt"."lastNumber"`;
    if (ids.length > fileLimits.prompts) throw tooMuch();
    const [row] = await this.#prisma.$queryRaw<{ versions: number | bigint; characters: number | bigint | null }[]>`
      SELECT COUNT(*) AS "versions",
        SUM(LENGTH("template") + LENGTH("systemPrompt") + LENGTH(CAST("examples" AS TEXT)) + LENGTH(CAST("variables" AS TEXT))) AS "characters"
      FROM "PromptVersion" JOIN "Prompt" ON "Prompt"."id" = "PromptVersion"."promptId"
      WHERE "Prompt"."id" IN (${Prisma.join([...ids])}) ${newest}`;
    const isTooMuch = Number(row?.versions ?? 0) > fileLimits.versions || Number(row?.characters ?? 0) > fileLimits.characters;
    if (isTooMuch) throw tooMuch();
  }
}

/** Prompts of a file include what is not there: the lines are found when the transaction is over. */
class MissingIncludes extends Error {
  readonly issues: readonly FileIssue[];

  constructor(issues: readonly FileIssue[]) {
    super('Prompts of a file include what is not there.');
    this.issues = issues;
  }
}

/** Looks at the newest version of each prompt; older ones may include what was there once. @throws MissingIncludes */
async function requireIncludes(transaction: Prisma.TransactionClient, projectId: string, file: readonly FilePrompt[]): Promise<void> {
  const issues: FileIssue[] = [];
  const known: KnownIncludes = new Map();
  for (const [index, { name, versions }] of file.entries()) {
    const newest = versions.at(-1);
    if (!newest || newest.includes.length === 0) continue;
    await checkIncludes(transaction, { projectId, name }, newest.content, known).catch((error: unknown) => {
      if (!(error instanceof Invalid)) throw error;
      issues.push({ path: ['prompts', index], message: `The newest version of "${name}" cannot be used. ${error.message}` });
    });
  }
  if (issues.length > 0) throw new MissingIncludes(issues);
}

function tooMuch(): LimitExceeded {
  const [prompts, versions, characters] = [fileLimits.prompts, fileLimits.versions, fileLimits.characters].map((limit) =>
    limit.toLocaleString('en-US'),
  );
  return new LimitExceeded(
    `A file has at most ${prompts} prompts, ${versions} versions and ${characters} characters. Export some of the prompts, or their newest versions only.`,
  );
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

/** What is empty is left out: it is the same when it is read. */
const withoutEmpty = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== '' && !isEmpty(value)));

const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0;
