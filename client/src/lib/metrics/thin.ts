import { columnNames, type Columns } from './series.ts';

/** min and max that pass over NaN: a diverged step must not hide its neighbours. */
const lower = (a: number, b: number): number => (b < a || Number.isNaN(a) ? b : a);
const higher = (a: number, b: number): number => (b > a || Number.isNaN(a) ? b : a);

/**
 * Merges neighbouring buckets in place until at most about half of `limit` is left, and returns the new length.
 * The newest quarter stays as it is. All older ones become equally wide in steps, so the start of a curve is never drawn
 * coarser than its middle: widths are powers of two from step 0, so that a later, wider cell holds whole earlier ones.
 * A merged bucket keeps the lowest, the highest and the last value.
 */
export function thinColumns(columns: Columns, length: number, limit: number): number {
  const newest = Math.floor(limit / 4);
  const older = Math.max(0, length - newest);
  const first = columns.fromStep[0] ?? 0;
  const last = columns.toStep[older - 1] ?? first;
  const width = 2 ** Math.max(1, Math.ceil(Math.log2((last - first + 1) / (limit / 4))));
  let target = -1;
  let targetCell = -1;
  for (let index = 0; index < length; index += 1) {
    // A bucket belongs to the cell of its last step; only buckets of the same cell are merged.
    const cell = index < older ? Math.floor((columns.toStep[index] ?? 0) / width) : -1;
    if (cell >= 0 && cell === targetCell) {
      columns.min[target] = lower(columns.min[target] ?? NaN, columns.min[index] ?? NaN);
      columns.max[target] = higher(columns.max[target] ?? NaN, columns.max[index] ?? NaN);
      columns.count[target] = (columns.count[target] ?? 0) + (columns.count[index] ?? 0);
      for (const name of ['toStep', 'last', 'time'] as const) columns[name][target] = columns[name][index] ?? NaN;
    } else {
      target += 1;
      targetCell = cell;
      for (const name of columnNames) columns[name][target] = columns[name][index] ?? NaN;
    }
  }
  return target + 1;
}
