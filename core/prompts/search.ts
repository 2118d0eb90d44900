import type { Prisma, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Invalid } from '../errors.ts';
import type { LanguageModels } from '../language-models/language-models.ts';
import type { PromptEmbeddings } from './embeddings.ts';
import type { PromptSearchIndex, Ranked } from './search-index.ts';

export interface PromptSearchOptions {
  prisma: PrismaClient;
  index: Pick<PromptSearchIndex, 'find'>;
  embeddings: Pick<PromptEmbeddings, 'changed' | 'find' | 'pending' | 'refresh'>;
  languageModels: Pick<LanguageModels, 'find' | 'list'>;
}

export interface PromptQuestion {
  projectId: string;
  /** At most 10,000 characters. */
  text: string;
  by: 'TEXT' | 'MEANING';
  /** Which prompts, besides. */
  where?: Prisma.PromptWhereInput;
  /** 1–100 */
  first: number;
}

export interface FoundPrompts {
  /** The best first. */
  matches: Ranked[];
  /** How many there are in all. */
  totalCount: number;
  /** Prompts whose meaning is not known yet, and which were not looked at. */
  pending: number;
}

const textLimit = 10_000;
/** For vectors that are being made. Milliseconds. */
const patience = 5000;

/** Finds prompts, by their words or by what they mean. */
export class PromptSearch {
  readonly #options: PromptSearchOptions;

  constructor(options: PromptSearchOptions) {
    this.#options = options;
  }

  /**
   * Prompts of a project that fit to a text.
   * @throws NotFound, Invalid at `text`, Conflict when the project has no embedding model, Unavailable when that gives no answer
   */
  async search(viewer: Viewer | null, { projectId, text, by, where, first }: PromptQuestion): Promise<FoundPrompts> {
    requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
    if (text.length > textLimit) {
      const message = `A text to search for has at most ${textLimit.toLocaleString('en')} characters; this has ${text.length.toLocaleString('en')}.`;
      throw new Invalid(message, [{ path: 'text', message }]);
    }
    const { prisma, index } = this.#options;
    const { ranked, pending } =
      by === 'TEXT' ? { ranked: await index.find(prisma, projectId, text), pending: 0 } : await this.#byMeaning(projectId, text);
    const matches = where ? await this.#filtered(ranked, projectId, where) : ranked;
    return { matches: matches.slice(0, first), totalCount: matches.length, pending };
  }

  /**
   * Chooses what the prompts of a project are found by meaning with. Their texts are sent to that model.
   * @param model plugin/model; null: none
   * @throws NotFound, Invalid at `model`, Unavailable when its plugin cannot be asked, Forbidden for viewers
   */
  async setModel(viewer: Viewer, projectId: string, model: string | null): Promise<void> {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const { prisma, languageModels, embeddings } = this.#options;
    const found = model === null ? null : await languageModels.find(projectId, model);
    if (found && !found.capabilities.includes('embed')) {
      const message = `The model ${found.id} makes no vectors. ${await this.#choice(projectId)}`;
      throw new Invalid(message, [{ path: 'model', message }]);
    }
    await prisma.$transaction(async (transaction) => {
      await transaction.project.update({ where: { id: projectId }, data: { embeddingModel: found?.id ?? null } });
      const subject = { type: 'Project', id: projectId };
      await audit(transaction, viewer, { action: 'setEmbeddingModel', projectId, subject, details: { model: found?.id ?? null } });
    });
    embeddings.changed(projectId);
  }

  async #byMeaning(projectId: string, text: string): Promise<{ ranked: Ranked[]; pending: number }> {
    const { prisma, embeddings } = this.#options;
    const { embeddingModel: model } = await prisma.project.findUniqueOrThrow({ where: { id: projectId } });
    if (model === null)
      throw new Conflict(`This project has no model that tells what a text means. ${await this.#choice(projectId)} Or search by TEXT.`);
    if (text.trim() === '') return { ranked: [], pending: 0 };
    const refreshing = embeddings.refresh(projectId);
    await Promise.race([refreshing, new Promise((resolve) => setTimeout(resolve, patience).unref())]);
    // It goes on behind this; whoever waits for it next is told.
    refreshing.catch(() => undefined);
    return { ranked: await embeddings.find(projectId, model, text), pending: await embeddings.pending(projectId, model) };
  }

  /** What can be done about it. */
  async #choice(projectId: string): Promise<string> {
    const models = (await this.#options.languageModels.list(projectId)).filter(({ capabilities }) => capabilities.includes('embed'));
    if (models.length === 0) return 'Enable a plugin that has one, and choose it with setEmbeddingModel.';
    const names = models
      .map(({ id }) => id)
      .toSorted()
      .slice(0, 10);
    return `Choose one with setEmbeddingModel: ${names.join(', ')}${models.length > names.length ? ', …' : ''}.`;
  }

  async #filtered(ranked: readonly Ranked[], projectId: string, where: Prisma.PromptWhereInput): Promise<Ranked[]> {
    const allowed = await this.#options.prisma.prompt.findMany({ where: { AND: [{ projectId }, where] }, select: { id: true } });
    const ids = new Set(allowed.map(({ id }) => id));
    return ranked.filter(({ promptId }) => ids.has(promptId));
  }
}
