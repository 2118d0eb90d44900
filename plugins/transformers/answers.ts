import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  type EmbedAnswer,
  type EmbedRequest,
  type GenerateEvent,
  type GenerateRequest,
  ModelError,
  type ModelDescription,
} from '@anneal/plugins/kit';
import type { PreTrainedTokenizer } from '@huggingface/transformers';
import { ModelPool, PoolFull } from '../local-models/model-pool.ts';
import { Turns } from '../local-models/turns.ts';
import { embedBatch } from './embed.ts';
import { write } from './generate.ts';
import { contextOf, loadModel, type LoadedModel, loadTokenizer, sizeOf } from './load.ts';
import { encode } from './prompt.ts';
import type { ModelSettings, Settings } from './settings.ts';
import { TextBatches } from './text-batches.ts';

/** Answers with the models of the settings. */
export class Answers {
  readonly #settings: Settings;
  readonly #pool: ModelPool<ModelSettings, LoadedModel>;
  readonly #turns = new Turns();
  readonly #batches = new WeakMap<LoadedModel, TextBatches>();
  readonly #tokenizers = new Map<string, Promise<PreTrainedTokenizer>>();

  constructor(settings: Settings) {
    this.#settings = settings;
    const { memoryGb, idleMinutes } = settings;
    this.#pool = new ModelPool({
      nameOf: ({ name }) => name,
      sizeOf,
      load: (chosen) => loadModel(chosen, settings),
      mostBytes: memoryGb === undefined ? os.totalmem() / 2 : memoryGb * 1e9,
      idleTime: idleMinutes * 60_000,
    });
  }

  /** Names of the models in memory. */
  get inMemory(): string[] {
    return this.#pool.names;
  }

  describe(): Promise<Pick<ModelDescription, 'id' | 'name' | 'capabilities' | 'contextTokens'>[]> {
    return Promise.all(
      this.#settings.models.map(async (model) => ({
        id: model.name,
        name: model.name,
        capabilities: model.task === 'embeddings' ? ['embed' as const] : ['generate' as const, 'countTokens' as const, 'system' as const],
        contextTokens: model.contextTokens ?? (model.folder === undefined ? undefined : contextOf(await readConfig(model.folder))),
      })),
    );
  }

  /** @throws ModelError */
  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
    const chosen = this.#find(request.model, 'generate');
    const { model, done } = await this.#take(chosen);
    try {
      const endTurn = await this.#turns.take(signal);
      try {
        yield* write(model, request, signal);
      } finally {
        endTurn();
      }
    } finally {
      done();
    }
  }

  /** @throws ModelError */
  async embed({ model: name, texts, inputType }: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
    const chosen = this.#find(name, 'embed');
    const prefix = inputType === undefined ? '' : inputType === 'query' ? chosen.queryPrefix : chosen.documentPrefix;
    const { model, done } = await this.#take(chosen);
    try {
      const batches = this.#batches.get(model) ?? new TextBatches((batch) => embedBatch(model, batch));
      this.#batches.set(model, batches);
      const found = await batches.vectors(
        texts.map((text) => `${prefix}${text}`),
        signal,
      );
      return { vectors: found.map(({ vector }) => vector), usage: { inputTokens: found.reduce((sum, { tokens }) => sum + tokens, 0) } };
    } finally {
      done();
    }
  }

  /** The weights are not loaded for it. @throws ModelError */
  async countTokens(request: GenerateRequest): Promise<number> {
    const chosen = this.#find(request.model, 'generate');
    const tokenizer = this.#tokenizers.get(chosen.name) ?? loadTokenizer(chosen, this.#settings);
    this.#tokenizers.set(chosen.name, tokenizer);
    tokenizer.catch(() => this.#tokenizers.delete(chosen.name));
    return encode(await tokenizer, request).input_ids.size;
  }

  /** Loads a model. @throws ModelError */
  async warmUp(name: string): Promise<void> {
    (await this.#take(this.#find(name))).done();
  }

  /** Gives the memory of a model back, unless it is being asked. */
  async unload(name: string): Promise<void> {
    this.#tokenizers.delete(name);
    await this.#pool.unload(name);
  }

  #find(name: string, use?: 'generate' | 'embed'): ModelSettings {
    const chosen = this.#settings.models.find((model) => model.name === name);
    if (!chosen) {
      const names = this.#settings.models.map((model) => model.name).join(', ');
      const there = names === '' ? 'None is set up yet' : `There are: ${names}`;
      throw new ModelError('MODEL_NOT_FOUND', `There is no model "${name}". ${there}. Add it in the settings of the plugin transformers.`);
    }
    if (use === 'embed' && chosen.task !== 'embeddings')
      throw new ModelError('INVALID_REQUEST', `The model "${name}" gives texts, not vectors.`);
    if (use === 'generate' && chosen.task === 'embeddings')
      throw new ModelError('INVALID_REQUEST', `The model "${name}" gives vectors, not texts.`);
    return chosen;
  }

  async #take(chosen: ModelSettings) {
    try {
      return await this.#pool.take(chosen);
    } catch (error) {
      throw error instanceof PoolFull ? full(chosen.name, error) : error;
    }
  }
}

function full(name: string, { isPassing, message }: PoolFull): ModelError {
  const what = isPassing ? `There is no room for the model "${name}" while others are being asked.` : `The model "${name}" is too large.`;
  return new ModelError(isPassing ? 'OVERLOADED' : 'INVALID_REQUEST', `${what} ${message} ("memoryGb" of the settings).`);
}

async function readConfig(folder: string): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(await fs.readFile(path.join(folder, 'config.json'), 'utf8'));
    return value;
  } catch {
    // It is told when the model is asked.
    return undefined;
  }
}
