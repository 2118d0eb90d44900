import { availableParallelism } from 'node:os';
import { EngineError } from '../errors.ts';
import type { GraphAdapter } from '../adapters/lora.ts';
import type { TensorData } from '../graph/types.ts';
import { type LoadedModel, weightData } from '../models/load.ts';
import { causalMask, masked, maskOfName, rotaryTables } from '../models/positions.ts';
import { GraphSession } from '../onnx/session.ts';
import { randomSource } from '../random.ts';
import type { Results } from '../runtimes/results.ts';
import { buildDecodeGraph, type DecodeShape } from './decode-graph.ts';
import { KeyValueCache } from './kv-cache.ts';
import { sample, type Sampling } from './sampling.ts';

export interface GenerationSettings extends Sampling {
  /** New tokens at most. */
  maxTokens: number;
  /** The same seed gives the same tokens. */
  seed: number;
  /** Tokens that end a sequence. */
  endTokens: readonly number[];
}

export interface GeneratorOptions {
  model: LoadedModel;
  /** A low-rank adapter and its tensors by graph name. */
  adapter?: GraphAdapter & { weights: ReadonlyMap<string, Float32Array> };
  threads?: number;
}

/** Tokens that came out of one pass: one for each sequence, or null where it has ended. */
export type GeneratedStep = readonly (number | null)[];

/** Room is added to the KV cache in pieces of this many positions, so that few graphs are compiled. */
const cachePiece = 128;
const roundUp = (n: number, piece: number): number => Math.ceil(n / piece) * piece;

/** Writes text with a model: a pass over the prompts, then one position at a time with a KV cache. */
export class Generator {
  readonly #options: GeneratorOptions;
  readonly #weights: ReadonlyMap<string, TensorData>;
  readonly #sessions = new Map<string, Promise<GraphSession>>();

  constructor(options: GeneratorOptions) {
    this.#options = options;
    this.#weights = new Map([...weightData(options.model), ...(options.adapter?.weights ?? [])]);
  }

  /**
   * Continues prompts side by side; each pass yields their next tokens. A sequence ends at an end token (which is
   * yielded), at `maxTokens`, or at the end of the model's context.
   * @param prompts token ids, at least one each.
   * @throws EngineError CONFIG_INVALID when a prompt leaves no room in the context.
   */
  async *steps(prompts: readonly (readonly number[])[], settings: GenerationSettings): AsyncGenerator<GeneratedStep> {
    const { config } = this.#options.model;
    const lengths = prompts.map((prompt) => prompt.length);
    const longest = Math.max(...lengths);
    if (Math.min(...lengths) === 0) throw new EngineError('CONFIG_INVALID', 'The prompt is empty. Give it some text.');
    if (longest >= config.maxPositions)
      throw new EngineError(
        'CONFIG_INVALID',
        `The prompt has ${longest} tokens; the model's context holds ${config.maxPositions}. Shorten it.`,
      );
    const randoms = prompts.map((_, index) => randomSource(settings.seed + index));

    const first = await this.#prefill(prompts, roundUp(longest, 32));
    let cache = first.cache;
    let logits = first.logits;
    const alive = prompts.map(() => true);
    for (let made = 0; made < settings.maxTokens; made++) {
      const step = logits.map((row, index) => (alive[index] ? sample(row, settings, randoms[index] ?? Math.random) : null));
      yield step;
      step.forEach((id, index) => {
        const full = (lengths[index] ?? 0) + 1 >= config.maxPositions;
        if (id === null || settings.endTokens.includes(id) || full) alive[index] = false;
      });
      if (!alive.includes(true) || made + 1 === settings.maxTokens) return;
      const needed = Math.max(...lengths) + 1;
      if (needed > cache.capacity) cache = cache.grown(cache.capacity + cachePiece);
      logits = await this.#decode(step, lengths, alive, cache);
      lengths.forEach((length, index) => {
        if (alive[index]) lengths[index] = length + 1;
      });
    }
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  /** All positions of the prompts at once, padded at the end. */
  async #prefill(prompts: readonly (readonly number[])[], length: number): Promise<{ logits: Float32Array[]; cache: KeyValueCache }> {
    const { config } = this.#options.model;
    const batch = prompts.length;
    const ids = new Int32Array(batch * length);
    prompts.forEach((prompt, row) => ids.set(prompt, row * length));
    const starts = new Int32Array(batch * length);
    const mask = (window?: number) => causalMask(length, starts, window).data;
    const positions = Array.from({ length: batch * length }, (_, index) => index % length);
    const last = Int32Array.from(prompts, (prompt, row) => row * length + prompt.length - 1);
    const results = await this.#run({ batch, length, past: 0 }, { ids, last }, positions, mask);
    const cache = new KeyValueCache(config, batch, roundUp(length + 1, cachePiece));
    const counts = prompts.map((prompt) => prompt.length);
    cache.write(
      (name) => results.floats(`new.${name}`),
      length,
      counts.map(() => 0),
      counts,
    );
    return { logits: rows(results.floats('logits'), batch), cache };
  }

  /** The next position of each sequence. Sequences that ended go along without leaving a trace. */
  async #decode(
    tokens: GeneratedStep,
    lengths: readonly number[],
    alive: readonly boolean[],
    cache: KeyValueCache,
  ): Promise<Float32Array[]> {
    const batch = tokens.length;
    const width = cache.capacity + 1;
    const mask = (window = width) => {
      const data = new Float32Array(batch * width).fill(masked);
      lengths.forEach((length, row) => {
        // What was before within the window, and the new position itself, which comes after all room.
        data.fill(0, row * width + Math.max(0, length - window + 1), row * width + length);
        data[(row + 1) * width - 1] = 0;
      });
      return data;
    };
    const ids = Int32Array.from(tokens, (id) => id ?? 0);
    const last = Int32Array.from(tokens.keys());
    const results = await this.#run({ batch, length: 1, past: cache.capacity }, { ids, last, ...cache.feeds() }, lengths, mask);
    cache.write(
      (name) => results.floats(`new.${name}`),
      1,
      lengths,
      alive.map((going) => (going ? 1 : 0)),
    );
    return rows(results.floats('logits'), batch);
  }

  /** @param mask makes the mask of a window. */
  async #run(
    shape: DecodeShape,
    feeds: Record<string, Int32Array | Float32Array>,
    positions: readonly number[],
    mask: (window?: number) => Float32Array,
  ): Promise<Results> {
    const key = `${shape.batch}x${shape.length}+${shape.past}`;
    let session = this.#sessions.get(key);
    if (!session) {
      const { model, adapter, threads } = this.#options;
      const { graph, outputs } = buildDecodeGraph({ ...model, adapter }, shape);
      session = GraphSession.compile(graph, outputs, this.#weights, { threads: threads || availableParallelism() });
      this.#sessions.set(key, session);
    }
    const compiled = await session;
    const placed: Record<string, Int32Array | Float32Array> = { ...feeds, positions: Int32Array.from(positions) };
    for (const { name } of compiled.inputs) {
      const asked = maskOfName(name);
      if (asked) placed[name] = mask(asked.window);
    }
    if (compiled.inputs.some(({ name }) => name === 'cos')) {
      const { config } = this.#options.model;
      const { cos, sin } = rotaryTables(config, positions, config.maxPositions);
      Object.assign(placed, { cos: Float32Array.from(cos), sin: Float32Array.from(sin) });
    }
    return compiled.run(placed);
  }
}

function rows(data: Float32Array, count: number): Float32Array[] {
  const width = data.length / count;
  return Array.from({ length: count }, (_, row) => data.subarray(row * width, (row + 1) * width));
}
