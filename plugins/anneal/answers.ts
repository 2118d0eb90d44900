import {
  type ChatMessage,
  encodePrompt,
  EngineError,
  loadTokenizer,
  type TextModel,
  type TextSettings,
  type Tokenizer,
} from '@anneal/engine';
import type { GenerateEvent, GenerateRequest } from '../kit/language-model.ts';
import { ModelError, type ModelErrorCode } from '../kit/model-error.ts';
import { PoolFull } from '../local-models/model-pool.ts';
import { Turns } from '../local-models/turns.ts';
import type { OwnModelFolders } from './own-model-folders.ts';
import type { OwnModelPool } from './own-model-pool.ts';

/** Tokenizers that are kept to count with. */
const keptTokenizers = 4;

/** Asks the models of a pool. A model answers one question at a time: several at once would each be as much slower. */
export class Answers {
  readonly #pool: OwnModelPool;
  readonly #turns = new WeakMap<TextModel, Turns>();
  readonly #tokenizers = new Map<string, Promise<Tokenizer>>();

  constructor(pool: OwnModelPool) {
    this.#pool = pool;
  }

  /** @throws ModelError */
  async *generate(folders: OwnModelFolders, request: GenerateRequest, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
    const messages = conversation(request);
    try {
      yield* this.#pool.use(folders, (model) => this.#write(model, messages, request, signal));
    } catch (error) {
      throw explained(error);
    }
  }

  /** Tokens of a question with its template. The weights are not loaded for it. @throws ModelError */
  async countTokens({ base }: OwnModelFolders, request: GenerateRequest): Promise<number> {
    try {
      return encodePrompt(await this.#tokenizer(base), conversation(request)).length;
    } catch (error) {
      throw explained(error);
    }
  }

  /** Loads a model. @throws ModelError */
  async warmUp(folders: OwnModelFolders): Promise<void> {
    try {
      await this.#pool.warmUp(folders);
    } catch (error) {
      throw explained(error);
    }
  }

  /** Gives the memory of a model back, unless it is being asked. */
  async unload({ base }: OwnModelFolders): Promise<void> {
    await this.#pool.unload(base);
  }

  async *#write(
    model: TextModel,
    messages: readonly ChatMessage[],
    request: GenerateRequest,
    signal: AbortSignal,
  ): AsyncGenerator<GenerateEvent> {
    const turns = this.#turns.get(model) ?? new Turns();
    this.#turns.set(model, turns);
    const endTurn = await turns.take(signal);
    try {
      checkRoom(encodePrompt(model.tokenizer, messages).length, model.contextTokens);
      const pieces = model.answer(messages, settingsOf(request), signal);
      for (;;) {
        const { done, value } = await pieces.next();
        signal.throwIfAborted();
        if (!done) {
          yield { type: 'text', text: value.text };
          continue;
        }
        const usage = { inputTokens: value.promptTokens, outputTokens: value.tokens };
        yield { type: 'end', finishReason: value.finishReason, usage };
        return;
      }
    } finally {
      endTurn();
    }
  }

  #tokenizer(folder: string): Promise<Tokenizer> {
    const known = this.#tokenizers.get(folder) ?? loadTokenizer(folder);
    this.#tokenizers.delete(folder);
    this.#tokenizers.set(folder, known);
    for (const oldest of [...this.#tokenizers.keys()].slice(0, -keptTokenizers)) this.#tokenizers.delete(oldest);
    known.catch(() => this.#tokenizers.delete(folder));
    return known;
  }
}

function conversation({ system, messages, tools }: GenerateRequest): ChatMessage[] {
  if ((tools ?? []).length > 0) {
    throw new ModelError('INVALID_REQUEST', 'Models of this studio call no tools. Leave the tools out, or ask another model.');
  }
  const turns = messages.map((message): ChatMessage => {
    if (message.role === 'tool' || (message.role === 'assistant' && (message.toolCalls ?? []).length > 0)) {
      throw new ModelError(
        'INVALID_REQUEST',
        'Models of this studio call no tools, so there can be no results of them. Leave these messages out.',
      );
    }
    return { role: message.role, content: message.content };
  });
  return system === undefined || system === '' ? turns : [{ role: 'system', content: system }, ...turns];
}

const settingsOf = ({ temperature, topP = 1, maxTokens, stop = [], seed }: GenerateRequest): TextSettings => ({
  temperature,
  topK: 0,
  topP,
  maxTokens,
  stop,
  seed: seed ?? Math.floor(Math.random() * 2 ** 31),
});

function checkRoom(tokens: number, contextTokens: number): void {
  if (tokens < contextTokens) return;
  throw new ModelError(
    'CONTEXT_TOO_LONG',
    `The question has ${tokens} tokens, and the context of the model holds ${contextTokens}, the answer included. Shorten it.`,
  );
}

/** Anything else is wrong with the files of the model. */
const codes: Partial<Record<EngineError['code'], ModelErrorCode>> = {
  CONFIG_INVALID: 'INVALID_REQUEST',
  DATASET_INVALID: 'INVALID_REQUEST',
};

function full({ isPassing, message }: PoolFull): ModelError {
  const what = isPassing ? 'There is no room for the model while others are being asked.' : 'The model is too large to be asked here.';
  return new ModelError(isPassing ? 'OVERLOADED' : 'INVALID_REQUEST', `${what} ${message} ("memoryGb" of the plugin's settings).`);
}

function explained(error: unknown): unknown {
  if (error instanceof PoolFull) return full(error);
  if (error instanceof EngineError) return new ModelError(codes[error.code] ?? 'MODEL_NOT_FOUND', error.message, { cause: error });
  return error;
}
