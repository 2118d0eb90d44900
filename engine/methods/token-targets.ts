import { pickRows } from '../graph/ops/indexing.ts';
import type { Value } from '../graph/types.ts';
import type { Targets } from '../training/micro-batch.ts';
import type { LossInputs } from './method.ts';

/** About this many logits (rows × vocabulary) exist at the same time: 128 MiB in single precision. */
const logitsAtOnce = 1 << 25;

export interface TargetValues {
  /** [t, hidden]: hidden states of the positions that predict a target. */
  rows: Value;
  /** int32 [t] */
  labels: Value;
  /** How the operators at the head of the model are to work. */
  options: { chunk: number; trainHead: boolean; backward: boolean };
}

/**
 * Positions that predict a token. Adds the inputs `rows` int32 [t], the positions; `places` int32 [b · s], the way back (see
 * pickRows); `labels` int32 [t]. Places beyond the last target may hold anything: the loss must give them no weight.
 */
export function targetValues({ graph, hidden, head, shape, trained }: LossInputs): TargetValues {
  const rows = graph.input('rows', 'int32', [shape.targets]);
  const places = graph.input('places', 'int32', [shape.batch * shape.length]);
  const labels = graph.input('labels', 'int32', [shape.targets]);
  const vocabulary = head.shape[0] ?? 1;
  return {
    rows: pickRows(graph, hidden, rows, places),
    labels,
    options: {
      chunk: Math.max(32, Math.floor(logitsAtOnce / vocabulary)),
      trainHead: trained.has(head.name),
      backward: trained.size > 0,
    },
  };
}

/** Data for the inputs of `targetValues`. */
export function targetFeeds(found: Targets, positions: number, capacity: number): Record<'rows' | 'places' | 'labels', Int32Array> {
  const [rows, labels] = [new Int32Array(capacity), new Int32Array(capacity)];
  rows.set(found.rows);
  labels.set(found.labels);
  const places = new Int32Array(positions).fill(capacity);
  found.rows.forEach((row, index) => (places[row] = index));
  return { rows, labels, places };
}
