import { createHash } from 'node:crypto';
import { ModelError } from '@anneal/plugins';
import type { PrismaClient } from '@anneal/prisma';
import { Unavailable } from '../errors.ts';
import type { LanguageModels } from '../language-models/language-models.ts';
import type { Logger } from '../logger.ts';
import type { Ranked } from './search-index.ts';

export interface PromptEmbeddingsOptions {
  prisma: PrismaClient;
  languageModels: Pick<LanguageModels, 'embed'>;
  logger: Logger;
  /** Between a change and the vectors of it. Default 1,000 milliseconds. */
  pause?: number;
}

/** Prompts that a model is given at a time, and UTF-16 units of each. */
const atOnce = 32;
const textLimit = 8000;
/** A model has so long for one answer. Milliseconds. */
const patience = 60_000;
const firstRetry = 60_000;
const lastRetry = 3_600_000;

/** What prompts mean, as vectors of length 1. They are made in the background, and made again when what a prompt says or the model changes. */
export class PromptEmbeddings {
  readonly #options: PromptEmbeddingsOptions;
  readonly #stop = new AbortController();
  /** Of projects that something is to be done for. */
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #atWork = new Map<string, Promise<void>>();

  constructor(options: PromptEmbeddingsOptions) {
    this.#options = options;
  }

  /** Something was said anew in a project, or is about to be committed: its vectors are made in a moment. */
  changed(projectId: string, retry = firstRetry): void {
    this.#later(projectId, this.#options.pause ?? 1000, retry);
  }

  /**
   * Brings the vectors of a project up to date.
   * @returns when they are, or the project has no model
   * @throws Unavailable when the model gives none
   */
  async refresh(projectId: string): Promise<void> {
    const working = this.#atWork.get(projectId) ?? this.#refresh(projectId).finally(() => this.#atWork.delete(projectId));
    this.#atWork.set(projectId, working);
    return working;
  }

  /** How many prompts of a project have no vector of what they say now. */
  async pending(projectId: string, model: string): Promise<number> {
    return (await this.#stale(projectId, model, 10_000)).length;
  }

  /** All prompts of a project that have a vector, those closest in meaning first. The score is the cosine, from -1 to 1. @throws Unavailable */
  async find(projectId: string, model: string, text: string): Promise<Ranked[]> {
    const [wanted] = await this.#embed(projectId, model, [text.slice(0, textLimit)], 'query');
    const rows = await this.#options.prisma.promptEmbedding.findMany({
      where: { model, prompt: { projectId } },
      select: { promptId: true, vector: true },
    });
    return rows
      .flatMap(({ promptId, vector }) => {
        const score = wanted && cosine(wanted, fromBytes(vector));
        return score === undefined ? [] : [{ promptId, score }];
      })
      .sort((a, b) => b.score - a.score);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.allSettled(this.#atWork.values());
  }

  #later(projectId: string, milliseconds: number, retry: number): void {
    if (this.#timers.has(projectId) || this.#stop.signal.aborted) return;
    const work = () => {
      this.#timers.delete(projectId);
      this.refresh(projectId).catch((error: unknown) => {
        if (this.#stop.signal.aborted) return;
        this.#options.logger.warn({ projectId, error }, 'the meaning of prompts could not be found out; it is tried again');
        this.#later(projectId, retry, Math.min(retry * 2, lastRetry));
      });
    };
    this.#timers.set(projectId, setTimeout(work, milliseconds).unref());
  }

  async #refresh(projectId: string): Promise<void> {
    const { prisma } = this.#options;
    const project = await prisma.project.findUnique({ where: { id: projectId }, select: { embeddingModel: true } });
    const model = project?.embeddingModel;
    while (model && !this.#stop.signal.aborted) {
      const stale = await this.#stale(projectId, model, atOnce);
      if (stale.length === 0) return;
      await this.#renew(projectId, model, stale);
    }
  }

  async #renew(projectId: string, model: string, ids: readonly string[]): Promise<void> {
    const { prisma } = this.#options;
    const prompts = await prisma.prompt.findMany({
      where: { id: { in: [...ids] } },
      include: { embedding: { select: { model: true, contentHash: true } }, tags: { orderBy: { name: 'asc' } } },
    });
    const newest = await prisma.promptVersion.findMany({
      where: { OR: prompts.map(({ id, lastNumber }) => ({ promptId: id, number: lastNumber })) },
      select: { promptId: true, systemPrompt: true, template: true },
    });
    const said = prompts.map((prompt) => {
      const { systemPrompt = '', template = '' } = newest.find(({ promptId }) => promptId === prompt.id) ?? {};
      const { name, description, useCase, category, tags } = prompt;
      const parts = [name, description, useCase, category, tags.map((tag) => tag.name).join(', '), template, systemPrompt];
      const text = parts
        .filter((part) => part !== '')
        .join('\n')
        .slice(0, textLimit);
      return { prompt, text, contentHash: createHash('sha256').update(text).digest('hex') };
    });
    const changed = said.filter(
      ({ prompt: { embedding }, contentHash }) => embedding?.model !== model || embedding.contentHash !== contentHash,
    );
    const vectors =
      changed.length === 0
        ? []
        : await this.#embed(
            projectId,
            model,
            changed.map(({ text }) => text),
            'document',
          );
    await prisma.$transaction(async (transaction) => {
      const there = await transaction.prompt.findMany({ where: { id: { in: [...ids] } }, select: { id: true } });
      for (const { prompt, contentHash } of said) {
        if (!there.some(({ id }) => id === prompt.id)) continue;
        const vector = vectors[changed.findIndex((one) => one.prompt.id === prompt.id)];
        // That of what was said, so that any later change shows.
        const { id: promptId, updatedAt } = prompt;
        const data = { model, contentHash, updatedAt, ...(vector && { vector: toBytes(vector) }) };
        if (vector)
          await transaction.promptEmbedding.upsert({
            where: { promptId },
            create: { promptId, ...data, vector: toBytes(vector) },
            update: data,
          });
        else await transaction.promptEmbedding.updateMany({ where: { promptId }, data });
      }
    });
  }

  /** Ids of prompts that say something else than their vectors. */
  async #stale(projectId: string, model: string, most: number): Promise<string[]> {
    const rows = await this.#options.prisma.$queryRaw<{ id: string }[]>`
      SELECT "Prompt"."id" FROM "Prompt" LEFT JOIN "PromptEmbedding" ON "PromptEmbedding"."promptId" = "Prompt"."id"
      WHERE "Prompt"."projectId" = ${projectId}
        AND ("PromptEmbedding"."promptId" IS NULL OR "PromptEmbedding"."model" <> ${model} OR "PromptEmbedding"."updatedAt" <> "Prompt"."updatedAt")
      ORDER BY "Prompt"."id" LIMIT ${most}`;
    return rows.map(({ id }) => id);
  }

  /** @returns one vector of length 1 for each text @throws Unavailable */
  async #embed(projectId: string, model: string, texts: string[], inputType: 'query' | 'document'): Promise<Float32Array[]> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(patience)]);
    try {
      const { vectors } = await this.#options.languageModels.embed(projectId, { model, texts, inputType }, signal);
      const made = vectors.map(normalized);
      if (made.length !== texts.length || made.some((vector) => vector.length === 0 || vector.length !== made[0]?.length))
        throw new ModelError('MALFORMED_REPLY', `The model ${model} gave ${made.length} vectors for ${texts.length} texts, or empty ones.`);
      return made;
    } catch (error) {
      if (!(error instanceof ModelError) && !signal.aborted) throw error;
      const reason = error instanceof ModelError ? error.message : 'It took too long.';
      throw new Unavailable(`The model ${model} did not say what a text means. ${reason}`, { cause: error });
    }
  }
}

/** Empty for one that has no direction. */
function normalized(vector: readonly number[]): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return Number.isFinite(length) && length > 0 ? Float32Array.from(vector, (value) => value / length) : new Float32Array();
}

/** Of vectors of length 1. Undefined for those of different sizes. */
function cosine(a: Float32Array, b: Float32Array): number | undefined {
  if (a.length !== b.length) return undefined;
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return Math.max(-1, Math.min(1, sum));
}

function toBytes(vector: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(vector.length * 4);
  const view = new DataView(bytes.buffer);
  vector.forEach((value, index) => view.setFloat32(index * 4, value, true));
  return bytes;
}

function fromBytes(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, index) => view.getFloat32(index * 4, true));
}
