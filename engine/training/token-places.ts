import type { Graph } from '../graph/graph.ts';
import { embedding } from '../graph/ops/indexing.ts';
import { reshape } from '../graph/ops/shape.ts';
import type { FloatType, Value } from '../graph/types.ts';
import type { ForwardInputs } from '../models/family.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { causalMask, rotaryTables } from '../models/positions.ts';
import type { MicroBatch } from './micro-batch.ts';

/** Rows of one length; a packed row holds several sequences. */
export interface RowShape {
  batch: number;
  length: number;
  packed: boolean;
}

type TokenPlaces = Pick<ForwardInputs, 'positions' | 'cos' | 'sin' | 'mask'>;

const fullMask = 'mask';
const windowMask = /^mask\.(\d+)$/;

/**
 * Where each token stands and what it sees. For rows of one sequence these are constants of the graph. Packed rows bring
 * inputs along: `positions` int32 [b · s], which start again in each sequence, and `mask` [b, 1, s, s], or `mask.w` for a
 * window of w positions.
 */
export function tokenPlaces(graph: Graph, config: ModelConfig, { batch, length, packed }: RowShape, dtype: FloatType): TokenPlaces {
  const floats = (data: ArrayLike<number>, shape: readonly number[]) =>
    graph.constant(dtype === 'float64' ? Float64Array.from(data) : Float32Array.from(data), dtype, shape);
  const tables = rotaryTables(
    config,
    Array.from({ length }, (_, position) => position),
    length,
  );
  const half = tables.cos.length / length;
  const masks = new Map<string, Value>();
  const maskOf = (make: (name: string, window?: number) => Value) => (window?: number) => {
    const name = window === undefined || window >= length ? fullMask : `${fullMask}.${window}`;
    const known = masks.get(name) ?? make(name, window);
    masks.set(name, known);
    return known;
  };
  if (!packed) {
    return {
      positions: graph.constant(
        Int32Array.from({ length: batch * length }, (_, index) => index % length),
        'int32',
        [batch * length],
      ),
      cos: floats(tables.cos, [1, length, half]),
      sin: floats(tables.sin, [1, length, half]),
      mask: maskOf((_name, window) => {
        const { data, shape } = causalMask(length, undefined, window);
        return floats(data, shape);
      }),
    };
  }
  const positions = graph.input('positions', 'int32', [batch * length]);
  const turned = (table: Float64Array) => reshape(graph, embedding(graph, floats(table, [length, half]), positions), [batch, length, half]);
  return {
    positions,
    cos: turned(tables.cos),
    sin: turned(tables.sin),
    mask: maskOf((name) => graph.input(name, dtype, [batch, 1, length, length])),
  };
}

/** What a packed micro-batch feeds for the inputs of its graph that `tokenPlaces` made. */
export function packedFeeds({ length, starts }: MicroBatch, inputs: readonly Value[]): Record<string, Int32Array | Float32Array> {
  if (!starts) return {};
  const feeds: Record<string, Int32Array | Float32Array> = { positions: starts.map((start, index) => (index % length) - start) };
  for (const { name } of inputs) {
    const window = windowMask.exec(name)?.[1];
    if (name === fullMask || window) feeds[name] = causalMask(length, starts, window ? Number(window) : undefined).data;
  }
  return feeds;
}
