import { fixedAdapter, openAdapter } from '../adapters/open-adapter.ts';
import { encodePrompt } from '../data/conversation.ts';
import { checkTokenizer } from '../models/check-tokenizer.ts';
import { loadModel, type LoadedModel } from '../models/load.ts';
import type { StorageOptions } from '../quantization/stored-weight.ts';
import type { ChatMessage } from '../tokenizer/chat-template.ts';
import { loadTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { Generator, type GenerationSettings, type GeneratorOptions } from './generator.ts';
import type { Sampling } from './sampling.ts';
import { StopStrings } from './stop-strings.ts';

export interface TextSettings extends Sampling {
  /** New tokens at most. */
  maxTokens: number;
  seed: number;
  /** Texts that end the answer; they are not part of it. */
  stop: readonly string[];
}

export interface TextPiece {
  text: string;
  /** Tokens written so far. */
  tokens: number;
}

/** What an answer ended with: `stop`: an end token or a stop text; `length`: as many tokens as were allowed, or as the context holds. */
export interface TextEnd {
  finishReason: 'stop' | 'length';
  /** Of the question as the model read it, its template included. */
  promptTokens: number;
  /** Of the answer; an end token is one of them. */
  tokens: number;
}

/** A model that is asked in text and answers in text. */
export class TextModel {
  readonly tokenizer: Tokenizer;
  readonly #options: GeneratorOptions;
  readonly #generator: Generator;
  readonly #endTokens: readonly number[];

  private constructor(tokenizer: Tokenizer, options: GeneratorOptions) {
    this.tokenizer = tokenizer;
    this.#options = options;
    this.#generator = new Generator(options);
    this.#endTokens = [...new Set([tokenizer.eosTokenId, ...options.model.config.eosTokenIds])];
  }

  /**
   * Opens a Hugging Face model folder.
   * @param threads CPU threads; 0: one for each core.
   * @param storage how the weights of linear layers are kept; in single precision if left out.
   */
  static async open(folder: string, threads = 0, storage?: StorageOptions): Promise<TextModel> {
    const { tokenizer, model } = await openFolder(folder, storage);
    return new TextModel(tokenizer, { model, threads });
  }

  /** The same model without and with a PEFT adapter. The weights are in memory once. */
  static async openPair(folder: string, adapterFolder: string, threads = 0): Promise<{ base: TextModel; tuned: TextModel }> {
    const base = await TextModel.open(folder, threads);
    return { base, tuned: await base.withAdapter(adapterFolder) };
  }

  /** This model with a PEFT adapter. It shares the weights, and is released by itself. @throws EngineError ADAPTER_BROKEN */
  async withAdapter(folder: string): Promise<TextModel> {
    const { model, threads } = this.#options;
    return new TextModel(this.tokenizer, { model, threads, adapter: fixedAdapter(await openAdapter(folder, model), model) });
  }

  /** Longest question and answer together, in tokens. */
  get contextTokens(): number {
    return this.#options.model.config.maxPositions;
  }

  /**
   * Answers one request, piece by piece. The request is rendered as the user's turn of a conversation, as in training.
   * @param signal ends the answer between two tokens.
   */
  write(request: string, settings: TextSettings, signal?: AbortSignal): AsyncGenerator<TextPiece, TextEnd> {
    return this.answer([{ role: 'user', content: request }], settings, signal);
  }

  /**
   * Answers a conversation, piece by piece: with the model's chat template, or as training writes conversations without one.
   * @param signal ends the answer between two tokens.
   * @returns how it ended, after the last piece
   * @throws EngineError CONFIG_INVALID when the conversation leaves no room in the context, DATASET_INVALID when the template refuses it
   */
  async *answer(messages: readonly ChatMessage[], settings: TextSettings, signal?: AbortSignal): AsyncGenerator<TextPiece, TextEnd> {
    const prompt = encodePrompt(this.tokenizer, messages);
    const decoder = this.tokenizer.streamDecoder();
    const filter = new StopStrings(settings.stop);
    let tokens = 0;
    let hasEnded = false;
    for await (const [id] of this.#generator.steps([prompt], this.#settings(settings))) {
      if (signal?.aborted || id === null || id === undefined) break;
      hasEnded = this.#endTokens.includes(id);
      if (hasEnded) break;
      tokens++;
      const text = filter.push(decoder.push(id));
      if (text) yield { text, tokens };
      if (filter.found) break;
    }
    const rest = filter.push(decoder.end()) + filter.end();
    if (rest) yield { text: rest, tokens };
    const finishReason = hasEnded || filter.found ? 'stop' : 'length';
    return { finishReason, promptTokens: prompt.length, tokens: hasEnded ? tokens + 1 : tokens };
  }

  /** Answers many requests side by side. */
  async writeAll(requests: readonly string[], settings: TextSettings, batchSize = 32): Promise<string[]> {
    const prompts = requests.map((content) => encodePrompt(this.tokenizer, [{ role: 'user', content }]));
    const order = [...prompts.keys()].sort((a, b) => (prompts[a]?.length ?? 0) - (prompts[b]?.length ?? 0));
    const answers = requests.map((): number[] => []);
    for (let start = 0; start < order.length; start += batchSize) {
      const members = order.slice(start, start + batchSize);
      const batch = members.map((index) => prompts[index] ?? []);
      for await (const step of this.#generator.steps(batch, this.#settings(settings))) {
        step.forEach((id, row) => {
          if (id !== null && !this.#endTokens.includes(id)) answers[members[row] ?? 0]?.push(id);
        });
      }
    }
    return answers.map((ids) => {
      const filter = new StopStrings(settings.stop);
      return filter.push(this.tokenizer.decode(ids)) + filter.end();
    });
  }

  async release(): Promise<void> {
    await this.#generator.release();
  }

  #settings({ stop: _stop, ...settings }: TextSettings): GenerationSettings {
    return { ...settings, endTokens: this.#endTokens };
  }
}

async function openFolder(folder: string, storage?: StorageOptions): Promise<{ tokenizer: Tokenizer; model: LoadedModel }> {
  const [tokenizer, model] = [await loadTokenizer(folder), await loadModel(folder, storage)];
  checkTokenizer(folder, tokenizer, model.config);
  return { tokenizer, model };
}
