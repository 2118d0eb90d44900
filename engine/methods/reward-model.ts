import { availableParallelism } from 'node:os';
import type { GraphAdapter } from '../adapters/lora.ts';
import { fixedValuingAdapter, openAdapter } from '../adapters/open-adapter.ts';
import { bucketLength } from '../data/batches.ts';
import { answerSegments } from '../data/formats/prompt-completion.ts';
import { mergeNeighbors, tokensOf } from '../data/segments.ts';
import { EngineError } from '../errors.ts';
import { Graph } from '../graph/graph.ts';
import { checkTokenizer } from '../models/check-tokenizer.ts';
import { forwardContext } from '../models/context.ts';
import { loadModel, type LoadedModel, loadValueModel } from '../models/load.ts';
import { onnxRuntime } from '../onnx/runtime.ts';
import type { CompiledGraph } from '../runtimes/runtime.ts';
import { loadTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { tokenPlaces } from '../training/token-places.ts';
import { lastTokenValues } from './reward.ts';

export interface AnsweredRequest {
  prompt: string;
  answer: string;
}

/** A model that values answers, as the method `reward` trains it. */
export class RewardModel {
  readonly #tokenizer: Tokenizer;
  readonly #model: LoadedModel;
  readonly #adapter: GraphAdapter | undefined;
  readonly #weights: ReadonlyMap<string, Float32Array>;
  readonly #threads: number;
  readonly #sessions = new Map<string, Promise<CompiledGraph>>();

  private constructor(
    tokenizer: Tokenizer,
    model: LoadedModel,
    threads: number,
    adapter?: GraphAdapter & { weights: ReadonlyMap<string, Float32Array> },
  ) {
    this.#tokenizer = tokenizer;
    this.#model = model;
    this.#adapter = adapter;
    this.#weights = new Map([...model.weights, ...(adapter?.weights ?? [])]);
    this.#threads = threads || availableParallelism();
  }

  /**
   * Opens a base model with the adapter of a reward model, or the folder that full training of one has left behind.
   * @param threads CPU threads; 0: one for each core.
   * @throws EngineError as `loadModel` and `openAdapter`; ADAPTER_BROKEN where the adapter has no value head
   */
  static async open(folder: string, adapterFolder?: string, threads = 0): Promise<RewardModel> {
    const tokenizer = await loadTokenizer(folder);
    const model = adapterFolder === undefined ? await loadValueModel(folder) : await loadModel(folder);
    checkTokenizer(folder, tokenizer, model.config);
    const adapter = adapterFolder === undefined ? undefined : fixedValuingAdapter(await openAdapter(adapterFolder, model), model);
    return new RewardModel(tokenizer, model, threads, adapter);
  }

  /** The value of each answer; only differences between answers to the same prompt mean something. */
  async valueAll(requests: readonly AnsweredRequest[]): Promise<number[]> {
    return this.values(
      requests.map(({ prompt, answer }) => {
        const { segments, addSpecialTokens } = answerSegments(prompt, answer, this.#tokenizer);
        return Int32Array.from(tokensOf(mergeNeighbors(segments), addSpecialTokens, this.#tokenizer).ids);
      }),
    );
  }

  /**
   * The value of each sequence of token ids, read at its last token.
   * @throws EngineError CONFIG_INVALID where a sequence is empty or longer than the model's positions
   */
  async values(sequences: readonly Int32Array[]): Promise<number[]> {
    const { maxPositions } = this.#model.config;
    const wrong = sequences.findIndex(({ length }) => length === 0 || length > maxPositions);
    if (wrong >= 0)
      throw new EngineError(
        'CONFIG_INVALID',
        `Text ${wrong + 1} has ${sequences[wrong]?.length ?? 0} tokens; the model values 1 to ${maxPositions}.`,
      );
    const values: number[] = [];
    for (const ids of sequences) values.push(await this.#value(ids));
    return values;
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  /** One by one, so that a value does not depend on its company. */
  async #value(ids: Int32Array): Promise<number> {
    const length = bucketLength(ids.length);
    const padded = new Int32Array(length);
    padded.set(ids);
    const places = new Int32Array(length).fill(1);
    places[ids.length - 1] = 0;
    const session = await this.#session(length);
    return (await session.run({ ids: padded, rows: Int32Array.of(ids.length - 1), places })).scalar('values');
  }

  #session(length: number): Promise<CompiledGraph> {
    const key = String(length);
    const known = this.#sessions.get(key);
    if (known) return known;
    const { family, config } = this.#model;
    const shape = { batch: 1, length, targets: 1, packed: false };
    const graph = new Graph();
    const ids = graph.input('ids', 'int32', [length]);
    const context = forwardContext(graph, family.parameters(config), this.#adapter);
    const { hidden } = family.forward(context, config, { ids, batch: 1, length, ...tokenPlaces(graph, config, shape, 'float32') });
    const values = lastTokenValues({ graph, dtype: 'float32', hidden, shape });
    const session = onnxRuntime.compile(graph, { values }, this.#weights, { threads: this.#threads });
    this.#sessions.set(key, session);
    return session;
  }
}
