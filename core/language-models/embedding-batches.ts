import { type EmbedAnswer, type EmbedRequest, ModelError } from '@anneal/plugins';

/** What comes within this time is asked together. Milliseconds. */
const gathering = 5;
/** Texts of one call; a single request may have more. */
const mostTexts = 256;

type Ask = (request: EmbedRequest, signal: AbortSignal) => Promise<EmbedAnswer>;

interface Waiting {
  texts: readonly string[];
  signal: AbortSignal;
  resolve: (answer: EmbedAnswer) => void;
  reject: (reason: unknown) => void;
}

interface Batch {
  waiting: Waiting[];
  texts: number;
  timer: NodeJS.Timeout;
}

/**
 * Asks for embeddings that are wanted at about the same time in one call: models take many texts in hardly more time than one. Each gets
 * its own vectors, and its share of the tokens by the length of its texts.
 */
export class EmbeddingBatches {
  readonly #ask: Ask;
  readonly #open = new Map<string, Batch>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** @param signal gives up this request; the call itself ends when all have given up. @throws what the call throws, to all of them */
  embed({ texts, ...rest }: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const key = JSON.stringify([rest.model, rest.inputType]);
      const known = this.#open.get(key);
      if (known && known.texts + texts.length > mostTexts) this.#send(key, rest);
      const batch = this.#open.get(key) ?? this.#begin(key, rest);
      batch.waiting.push({ texts, signal, resolve, reject });
      batch.texts += texts.length;
    });
  }

  #begin(key: string, rest: Omit<EmbedRequest, 'texts'>): Batch {
    const batch = { waiting: [], texts: 0, timer: setTimeout(() => this.#send(key, rest), gathering) };
    this.#open.set(key, batch);
    return batch;
  }

  #send(key: string, rest: Omit<EmbedRequest, 'texts'>): void {
    const batch = this.#open.get(key);
    if (!batch) return;
    this.#open.delete(key);
    clearTimeout(batch.timer);
    void this.#answer(batch.waiting, rest);
  }

  async #answer(all: readonly Waiting[], rest: Omit<EmbedRequest, 'texts'>): Promise<void> {
    const controller = new AbortController();
    const here = new Set(all.filter(({ signal }) => !signal.aborted));
    for (const { signal, reject } of all) if (signal.aborted) reject(signal.reason);
    // Whoever left before the call costs nothing.
    const asked = [...here];
    if (asked.length === 0) return;
    const leaves = asked.map((waiting) => () => {
      waiting.reject(waiting.signal.reason);
      here.delete(waiting);
      if (here.size === 0) controller.abort(waiting.signal.reason);
    });
    asked.forEach(({ signal }, index) => signal.addEventListener('abort', leaves[index] ?? (() => undefined), { once: true }));
    try {
      const answer = await this.#ask({ ...rest, texts: asked.flatMap(({ texts }) => [...texts]) }, controller.signal);
      deal(asked, answer);
    } catch (error) {
      // One text that is refused is no reason to refuse those of others.
      if (asked.length > 1 && error instanceof ModelError && !error.isPassing)
        await Promise.all([...here].map((one) => this.#answer([one], rest)));
      else for (const { reject } of asked) reject(error);
    } finally {
      asked.forEach(({ signal }, index) => signal.removeEventListener('abort', leaves[index] ?? (() => undefined)));
    }
  }
}

/** Gives each its vectors. Tokens are dealt out by the length of the texts so that they add up to what was counted. */
function deal(asked: readonly Waiting[], { vectors, usage }: EmbedAnswer): void {
  const lengths = asked.map(({ texts }) => texts.reduce((sum, text) => sum + text.length, 0));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  let [first, before] = [0, 0];
  asked.forEach(({ texts, resolve }, index) => {
    const until = before + (lengths[index] ?? 0);
    const share = (tokens: number) => Math.round((tokens * until) / (total || 1)) - Math.round((tokens * before) / (total || 1));
    const own = usage && Object.fromEntries(Object.entries(usage).map(([name, tokens]) => [name, share(tokens)]));
    resolve({ vectors: vectors.slice(first, first + texts.length), ...(own && { usage: own }) });
    first += texts.length;
    before = until;
  });
}
