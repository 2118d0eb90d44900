import type { ResultOf } from '../graphql/tada.ts';
import type { RunRowFragment } from './documents.ts';
import type { RunState } from './state.ts';

export type RunRow = ResultOf<typeof RunRowFragment>;

export interface RunListFilter {
  search: string;
  states: readonly RunState[];
  /** Only runs of this project; null: of all. Those of others are not announced either. */
  projectId: string | null;
}

/** Whether a run that was announced belongs into a list that is filtered this way. */
export function matches(run: Pick<RunRow, 'name' | 'state'>, { search, states }: Pick<RunListFilter, 'search' | 'states'>): boolean {
  return (states.length === 0 || states.includes(run.state)) && run.name.toLowerCase().includes(search.trim().toLowerCase());
}

/**
 * Puts runs into a list, newest first. A run that is there already is replaced: pages that overlap because runs were
 * started in between, and changes that were announced, all come in this way.
 */
export function merge(list: readonly RunRow[], runs: readonly RunRow[]): RunRow[] {
  const byId = new Map(list.map((run) => [run.id, run]));
  for (const run of runs) byId.set(run.id, run);
  return [...byId.values()].sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.id < b.id ? 1 : -1));
}

/** Takes in one announced run: `added` says that the list was not counting it yet. */
export function announce(
  list: readonly RunRow[],
  run: RunRow,
  filter: Pick<RunListFilter, 'search' | 'states'>,
): { list: RunRow[]; added: boolean } {
  const known = list.some(({ id }) => id === run.id);
  if (!known && !matches(run, filter)) return { list: [...list], added: false };
  return { list: merge(list, [run]), added: !known };
}
