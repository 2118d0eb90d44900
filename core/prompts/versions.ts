import type { Prisma, PrismaClient, Prompt, PromptVersion } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { compareContents, type VersionDifference } from './diff.ts';
import { checkIncludes } from './includes.ts';
import { pointLabel } from './labels.ts';
import { promptForChange } from './prompt-change.ts';
import type { PromptSearchIndex } from './search-index.ts';
import { type CheckedVersion, checkedVersion, storable, storedContent, type VersionInput } from './version-content.ts';

export interface NewVersionInput extends Partial<VersionInput> {
  promptId: string;
  /** The version that gives what is left out. Default: the newest. */
  basedOnId?: string;
  /** Lets this label point to the new version. */
  label?: string;
}

/** Wordings of prompts. They never change. */
export class PromptVersionService {
  readonly #prisma: PrismaClient;
  readonly #search: Pick<PromptSearchIndex, 'put'>;

  constructor(prisma: PrismaClient, search: Pick<PromptSearchIndex, 'put'>) {
    this.#prisma = prisma;
    this.#search = search;
  }

  /**
   * Makes the next version of a prompt.
   * @throws Invalid with an issue a field, NotFound, Conflict when a version has the same content, Forbidden for viewers and protected labels
   */
  async create(viewer: Viewer, { promptId, basedOnId, notes, label, ...changed }: NewVersionInput): Promise<PromptVersion> {
    return this.#prisma.$transaction(async (transaction) => {
      const prompt = await promptForChange(transaction, viewer, promptId);
      const where = basedOnId === undefined ? { number: prompt.lastNumber } : { id: basedOnId };
      const base = await transaction.promptVersion.findFirst({ where: { promptId, ...where } });
      if (!base) throw new NotFound(`"${prompt.name}" has no version ${basedOnId ?? prompt.lastNumber}.`);
      const given = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
      const checked = checkedVersion({ ...storedContent(base), ...given, notes });
      const version = await addVersion(transaction, viewer, prompt, checked);
      await this.#search.put(transaction, prompt, version);
      if (label !== undefined) await pointLabel(transaction, viewer, { action: 'deployPromptVersion', prompt, label, version });
      return version;
    });
  }

  /** Where two versions differ, of one prompt or of two. @throws NotFound */
  async compare(viewer: Viewer | null, fromId: string, toId: string): Promise<VersionDifference> {
    const [from, to] = [await this.#visible(viewer, fromId), await this.#visible(viewer, toId)];
    return compareContents(storedContent(from), storedContent(to));
  }

  async #visible(viewer: Viewer | null, id: string): Promise<PromptVersion> {
    const what = `prompt version ${id}`;
    const found = await this.#prisma.promptVersion.findUnique({ where: { id }, include: { prompt: { select: { projectId: true } } } });
    if (!found) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId: found.prompt.projectId, role: 'VIEWER', scope: 'read', what });
    return found;
  }
}

/**
 * Gives a prompt its next version. The prompt must have been locked by `promptForChange`, or be new.
 * @throws Conflict when a version has the same content, Invalid at `includes` for what is not there or comes to a circle
 */
export async function addVersion(
  transaction: Prisma.TransactionClient,
  viewer: Viewer,
  prompt: Prompt,
  checked: CheckedVersion,
): Promise<PromptVersion> {
  const { id: promptId, projectId } = prompt;
  const stored = storable(checked);
  await checkIncludes(transaction, prompt, checked.content);
  const same = await transaction.promptVersion.findFirst({
    where: { promptId, contentHash: stored.contentHash },
    orderBy: { number: 'asc' },
  });
  if (same) {
    throw new Conflict(`Version ${same.number} of "${prompt.name}" has the very same content already. Use that one, or change something.`);
  }
  const { lastNumber: number } = await transaction.prompt.update({ where: { id: promptId }, data: { lastNumber: { increment: 1 } } });
  const version = await transaction.promptVersion.create({
    data: { id: newId(), promptId, number, ...stored, createdById: viewer.userId },
  });
  const subject = { type: 'PromptVersion', id: version.id };
  await audit(transaction, viewer, { action: 'createPromptVersion', projectId, subject, details: { prompt: prompt.name, number } });
  return version;
}
