import type { PrismaClient } from '@anneal/prisma';
import { unlessAborted } from '../streams/wake.ts';
import { CacheSize } from './cache-size.ts';

/** What is kept of an answer. */
export interface CachedAnswer {
  output: string;
  finishReason: string;
  inputTokens: number | null;
  outputTokens: number | null;
  /** What it had cost when it was made, and how long that took. */
  costUsd: number | null;
  milliseconds: number;
}

/** What an answer is kept under. */
export interface Question {
  projectId: string;
  /** See cacheKey. */
  key: string;
  /** `plugin/model` */
  model: string;
}

/** Somebody is to ask the question, and to say here what came of it; others may be waiting for that. */
export interface Lead {
  /** Keeps the answer, and gives it to who waits. */
  answered(answer: CachedAnswer): Promise<void>;
  /**
   * There is no answer. An error is never kept, but those who wait now get it: they would be told the same one after the other.
   * @param error left out: it says nothing about the question (whoever asked has left), and one of those who wait asks next
   */
  failed(error?: Error): void;
}

/** What came of asking. Neither: nothing, and the next one asks. */
interface Outcome {
  answer?: CachedAnswer;
  error?: Error;
}

/** Rows are larger than the text in them. Bytes. */
const rowBytes = 400;

/**
 * Outputs of language models that are given again to the same question, for as long as the project says. The same question from
 * several at once is asked once (by each server). Least recently used ones leave when a project has more than it may keep.
 */
export class OutputCache {
  readonly #prisma: PrismaClient;
  readonly #size: CacheSize;
  /** Questions that are being asked. */
  readonly #asked = new Map<string, Promise<Outcome>>();

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
    this.#size = new CacheSize(prisma);
  }

  /**
   * The answer that is kept, or that somebody else is just being given; without one, the lead: whoever gets it must call one of its
   * methods. A caller that leaves early gets the lead of nobody.
   * @throws what somebody else, whose answer was waited for, has failed with
   */
  async takeOrLead(question: Question, signal: AbortSignal): Promise<{ answer: CachedAnswer } | { lead: Lead }> {
    const { projectId, key } = question;
    const { cacheSeconds, cacheLimitBytes } = await this.#prisma.project.findUniqueOrThrow({
      where: { id: projectId },
      select: { cacheSeconds: true, cacheLimitBytes: true },
    });
    if (cacheSeconds === 0 || cacheLimitBytes === 0) return { lead: noLead };
    const name = `${projectId} ${key}`;
    for (let asked = this.#asked.get(name); asked; asked = this.#asked.get(name)) {
      const outcome = await unlessAborted(asked, signal);
      if (signal.aborted) return { lead: noLead };
      if (outcome?.answer) {
        await this.#hit(projectId, key);
        return { answer: outcome.answer };
      }
      if (outcome?.error !== undefined) throw outcome.error;
    }
    // From here to the registration nothing waits: one leads.
    let tell: (outcome: Outcome) => void = () => undefined;
    this.#asked.set(name, new Promise((resolve) => (tell = resolve)));
    const end = (outcome: Outcome) => {
      this.#asked.delete(name);
      tell(outcome);
    };
    try {
      const stored = await this.#stored(projectId, key);
      if (stored) {
        end({ answer: stored });
        return { answer: stored };
      }
    } catch (error) {
      end({});
      throw error;
    }
    return {
      lead: {
        answered: async (answer) => {
          try {
            await this.#put(question, answer, { cacheSeconds, cacheLimitBytes });
          } finally {
            end({ answer });
          }
        },
        failed: (error) => end({ error }),
      },
    };
  }

  async #stored(projectId: string, key: string): Promise<CachedAnswer | null> {
    const found = await this.#prisma.cachedOutput.findUnique({
      where: { projectId_key: { projectId, key }, expiresAt: { gt: new Date() } },
      select: { output: true, finishReason: true, inputTokens: true, outputTokens: true, costUsd: true, milliseconds: true },
    });
    if (found) await this.#hit(projectId, key);
    return found;
  }

  async #hit(projectId: string, key: string): Promise<void> {
    await this.#prisma.cachedOutput.updateMany({ where: { projectId, key }, data: { hits: { increment: 1 }, lastUsedAt: new Date() } });
  }

  async #put(
    { projectId, key, model }: Question,
    { output, finishReason, inputTokens, outputTokens, costUsd, milliseconds }: CachedAnswer,
    { cacheSeconds, cacheLimitBytes }: { cacheSeconds: number; cacheLimitBytes: number },
  ): Promise<void> {
    const bytes = Buffer.byteLength(output) + rowBytes;
    if (bytes > cacheLimitBytes) return;
    const now = new Date();
    const made = { model, output, finishReason, inputTokens, outputTokens, costUsd, milliseconds, bytes, createdAt: now, lastUsedAt: now };
    const data = { ...made, expiresAt: new Date(now.getTime() + cacheSeconds * 1000) };
    await this.#prisma.cachedOutput.upsert({
      where: { projectId_key: { projectId, key } },
      update: { ...data, hits: 0 },
      create: { ...data, projectId, key },
    });
    await this.#size.add(projectId, bytes, cacheLimitBytes);
  }
}

const noLead: Lead = { answered: async () => undefined, failed: () => undefined };
