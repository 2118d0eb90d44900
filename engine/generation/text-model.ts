import { fixedAdapter, openAdapter } from '../adapters/open-adapter.ts';
import { encodePrompt } from '../data/conversation.ts';
import { checkTokenizer } from '../models/check-tokenizer.ts';
import { loadModel, type LoadedModel } from '../models/load.ts';
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

/** A model that is asked in text and answers in text. */
export class TextModel {
  readonly tokenizer: Tokenizer;
  readonly #generator: Generator;
  readonly #endTokens: readonly number[];

  private constructor(tokenizer: Tokenizer, options: GeneratorOptions) {
    this.tokenizer = tokenizer;
    this.#generator = new Generator(options);
    this.#endTokens = [...new Set([tokenizer.eosTokenId, ...options.model.config.eosTokenIds])];
  }

  /** Opens a Hugging Face model folder. @param threads CPU threads; 0: one for each core. */
  static async open(folder: string, threads = 0): Promise<TextModel> {
    const { tokenizer, model } = await openFolder(folder);
    return new TextModel(tokenizer, { model, threads });
  }

  /** The same model without and with a PEFT adapter. The weights are in memory once. */
  static async openPair(folder: string, adapterFolder: string, threads = 0): Promise<{ base: TextModel; tuned: TextModel }> {
    const { tokenizer, model } = await openFolder(folder);
    const adapter = fixedAdapter(await openAdapter(adapterFolder, model), model);
    return { base: new TextModel(tokenizer, { model, threads }), tuned: new TextModel(tokenizer, { model, adapter, threads }) };
  }

  /**
   * Answers one request, piece by piece. The request is rendered as the user's turn of a conversation, as in training.
   * @param signal ends the answer between two tokens.
   */
  async *write(request: string, settings: TextSettings, signal?: AbortSignal): AsyncGenerator<TextPiece> {
    const prompt = encodePrompt(this.tokenizer, [{ role: 'user', content: request }]);
    const decoder = this.tokenizer.streamDecoder();
    const filter = new StopStrings(settings.stop);
    let tokens = 0;
    for await (const [id] of this.#generator.steps([prompt], this.#settings(settings))) {
      if (signal?.aborted || filter.found) break;
      if (id === null || id === undefined || this.#endTokens.includes(id)) break;
      tokens++;
      const text = filter.push(decoder.push(id));
      if (text) yield { text, tokens };
    }
    const rest = filter.push(decoder.end()) + filter.end();
    if (rest) yield { text: rest, tokens };
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

async function openFolder(folder: string): Promise<{ tokenizer: Tokenizer; model: LoadedModel }> {
  const [tokenizer, model] = [await loadTokenizer(folder), await loadModel(folder)];
  checkTokenizer(folder, tokenizer, model.config);
  return { tokenizer, model };
}
