import type { Prisma } from '@anneal/prisma';
import { type Rollup, rollupsOf, topLevel } from './rollups.ts';
import { extend, type Summary } from './summary.ts';
import { insertPoints, mergeRollups, storedValues } from './tables.ts';

/** A measured value on its way into the database. One is known by key, rank and step. */
export interface NewPoint {
  key: string;
  rank: number;
  step: number;
  /** May be NaN or infinite. */
  value: number;
  epoch: number;
  tokens: number;
  time: Date;
  sequence: number;
}

/** A point whose step is taken, and the value that stands there. */
export interface Repeated {
  point: NewPoint;
  stored: number;
}

export interface Sorted {
  fresh: NewPoint[];
  repeated: Repeated[];
}

/**
 * Tells the points that are new from those whose step has a value already, in the database or earlier in the list. Only points that
 * come late are looked up.
 * @param summary of the run.
 */
export async function sortOut(
  transaction: Prisma.TransactionClient,
  runId: string,
  summary: Summary,
  points: readonly NewPoint[],
): Promise<Sorted> {
  if (isInOrder(summary, points)) return { fresh: [...points], repeated: [] };
  const isLate = ({ key, rank, step }: NewPoint) => rank !== 0 || step <= (summary[key]?.lastStep ?? -1);
  const known = new Map<string, number>();
  const name = ({ key, rank, step }: Pick<NewPoint, 'key' | 'rank' | 'step'>) => `${rank} ${step} ${key}`;
  for (const { value, ...place } of await storedValues(transaction, runId, points.filter(isLate))) known.set(name(place), value);
  const sorted: Sorted = { fresh: [], repeated: [] };
  for (const point of points) {
    const stored = known.get(name(point));
    if (stored !== undefined) sorted.repeated.push({ point, stored });
    else {
      sorted.fresh.push(point);
      known.set(name(point), point.value);
    }
  }
  return sorted;
}

/** Whether each point goes on behind those before it, as those of a worker do: then none can be there already. */
function isInOrder(summary: Summary, points: readonly NewPoint[]): boolean {
  const highest = new Map<string, number>();
  for (const { key, rank, step } of points) {
    if (rank !== 0 || step <= (highest.get(key) ?? summary[key]?.lastStep ?? -1)) return false;
    highest.set(key, step);
  }
  return true;
}

/**
 * Stores points with what they change in their rollups.
 * @param points none of them is stored already (see `sortOut`); in whatever order.
 * @returns the new summary
 */
export async function addPoints(
  transaction: Prisma.TransactionClient,
  runId: string,
  summary: Summary,
  points: readonly NewPoint[],
): Promise<Summary> {
  const curves = new Map<string, NewPoint[]>();
  for (const point of points) {
    const name = `${point.rank} ${point.key}`;
    const curve = curves.get(name);
    if (curve) curve.push(point);
    else curves.set(name, [point]);
  }
  const updated = { ...summary };
  const rollups: (Rollup & { key: string; rank: number })[] = [];
  for (const curve of curves.values()) {
    const { key = '', rank = 0 } = curve[0] ?? {};
    for (const rollup of rollupsOf(curve)) {
      rollups.push({ ...rollup, key, rank });
      if (rank === 0 && rollup.level === topLevel) updated[key] = extend(updated[key], rollup);
    }
  }
  await insertPoints(transaction, runId, points);
  await mergeRollups(transaction, runId, rollups);
  return updated;
}

/**
 * Stores points of a journal; one whose step has a value already is passed over.
 * @returns the new summary
 */
export async function storePoints(
  transaction: Prisma.TransactionClient,
  runId: string,
  summary: Summary,
  points: readonly NewPoint[],
): Promise<Summary> {
  const { fresh } = await sortOut(transaction, runId, summary, points);
  return addPoints(transaction, runId, summary, fresh);
}
