import type { Graph } from '../graph/graph.ts';
import type { FloatType, Value } from '../graph/types.ts';
import type { Angles, ForwardInputs } from '../models/family.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { causalMask, maskName, maskOfName, rotaryTables } from '../models/positions.ts';
import type { MicroBatch } from './micro-batch.ts';

/** Rows of one length; a packed row holds several sequences. */
export interface RowShape {
  batch: number;
  length: number;
  packed: boolean;
}

type TokenPlaces = Pick<ForwardInputs, 'positions' | 'angles' | 'mask'>;

/**
 * Where each token stands and what it sees. For rows of one sequence these are constants of the graph. Packed rows bring
 * inputs along: `positions` int32 [b · s], which start again in each sequence, their angles `cos`, `sin` [b, s, d / 2], and
 * `mask` [b, 1, s, s], or `mask.w` for a window of w positions.
 */
export function tokenPlaces(graph: Graph, config: ModelConfig, { batch, length, packed }: RowShape, dtype: FloatType): TokenPlaces {
  const floats = (data: ArrayLike<number>, shape: readonly number[]) =>
    graph.constant(dtype === 'float64' ? Float64Array.from(data) : Float32Array.from(data), dtype, shape);
  const masks = new Map<string, Value>();
  const maskOf = (make: (name: string, window?: number) => Value) => (window?: number) => {
    const name = maskName(window === undefined || window >= length ? undefined : window);
    const known = masks.get(name) ?? make(name, window);
    masks.set(name, known);
    return known;
  };
  let known: Angles | undefined;
  if (packed) {
    const angles = [batch, length, config.headSize / 2];
    return {
      positions: graph.input('positions', 'int32', [batch * length]),
      angles: () => (known ??= { cos: graph.input('cos', dtype, angles), sin: graph.input('sin', dtype, angles) }),
      mask: maskOf((name) => graph.input(name, dtype, [batch, 1, length, length])),
    };
  }
  const places = Array.from({ length }, (_, position) => position);
  const rotated = (): Angles => {
    const { cos, sin } = rotaryTables(config, places, length);
    const shape = [1, length, cos.length / length];
    return { cos: floats(cos, shape), sin: floats(sin, shape) };
  };
  return {
    positions: graph.constant(
      Int32Array.from({ length: batch * length }, (_, index) => index % length),
      'int32',
      [batch * length],
    ),
    angles: () => (known ??= rotated()),
    mask: maskOf((_name, window) => {
      const { data, shape } = causalMask(length, undefined, window);
      return floats(data, shape);
    }),
  };
}

/** What a packed micro-batch feeds for the inputs of its graph that `tokenPlaces` made. */
export function packedFeeds(
  config: ModelConfig,
  { length, starts }: MicroBatch,
  inputs: readonly Value[],
): Record<string, Int32Array | Float32Array> {
  if (!starts) return {};
  const positions = starts.map((start, index) => (index % length) - start);
  const longest = positions.reduce((most, position) => Math.max(most, position), 0) + 1;
  const feeds: Record<string, Int32Array | Float32Array> = { positions };
  if (inputs.some(({ name }) => name === 'cos')) {
    const { cos, sin } = rotaryTables(config, [...positions], longest);
    Object.assign(feeds, { cos: Float32Array.from(cos), sin: Float32Array.from(sin) });
  }
  for (const { name } of inputs) {
    const asked = maskOfName(name);
    if (asked) feeds[name] = causalMask(length, starts, asked.window).data;
  }
  return feeds;
}
