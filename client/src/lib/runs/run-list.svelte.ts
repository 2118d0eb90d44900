import { numberOf } from '../metrics/number-of.ts';
import { dataOf, studio } from '../graphql/client.ts';
import { socket } from '../graphql/connection.svelte.ts';
import { follow } from '../graphql/follow.ts';
import { RunsChanged, RunsPage, RunSparklines } from './documents.ts';
import { announce, merge, type RunListFilter, type RunRow } from './run-list.ts';

const pageSize = 20;

/** The list of runs as the page shows it: what was asked for by page, and every change since. */
export class RunList {
  runs = $state.raw<RunRow[]>([]);
  totalCount = $state(0);
  state = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state('');
  hasMore = $state(false);
  loadingMore = $state(false);
  /** Losses of each run, coarse, for the small curves. */
  sparklines = $state.raw<ReadonlyMap<string, readonly number[]>>(new Map());

  #filter: RunListFilter = { search: '', states: [], projectId: null };
  #endCursor: string | null = null;
  /** Rises with every new question, so that a late answer to an old one is left out. */
  #question = 0;

  /** Asks for the first page; also used to read again what may have changed while there was no connection. */
  async load(filter: RunListFilter): Promise<void> {
    const before = this.#filter;
    const same = filter.search === before.search && filter.projectId === before.projectId && filter.states.join() === before.states.join();
    const first = same ? Math.min(100, Math.max(pageSize, this.runs.length)) : pageSize;
    this.#filter = filter;
    await this.#ask(first, null, (runs) => merge([], runs));
  }

  async loadMore(): Promise<void> {
    if (this.loadingMore || !this.hasMore) return;
    this.loadingMore = true;
    await this.#ask(pageSize, this.#endCursor, (runs) => merge(this.runs, runs));
    this.loadingMore = false;
  }

  /** Follows what changes in a project, or in all; call the answer to stop. */
  watch(projectId: string | null): () => void {
    return follow(socket, {
      document: RunsChanged,
      variables: () => ({ projectId }),
      next: ({ runs: run }) => {
        const { list, added } = announce(this.runs, run, this.#filter);
        this.runs = list;
        if (added) this.totalCount += 1;
        this.#extendSparkline(run);
      },
    });
  }

  async #ask(first: number, after: string | null, take: (runs: RunRow[]) => RunRow[]): Promise<void> {
    const question = ++this.#question;
    const { search, states, projectId } = this.#filter;
    const filter = { search: search.trim() || null, states: states.length > 0 ? [...states] : null, projectId };
    const result = await studio.query(RunsPage, { first, after, filter }, { requestPolicy: 'network-only' }).toPromise();
    if (question !== this.#question) return;
    try {
      const { runs } = dataOf(result);
      const page = runs.edges.map(({ node }) => node);
      this.runs = take(page);
      this.totalCount = runs.totalCount;
      this.hasMore = runs.pageInfo.hasNextPage;
      this.#endCursor = runs.pageInfo.endCursor;
      this.state = 'ready';
      void this.#loadSparklines(page.map(({ id }) => id));
    } catch (error) {
      this.state = 'failed';
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** After the list itself, so that it never waits for measured values. */
  async #loadSparklines(ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    const { data } = await studio.query(RunSparklines, { ids }, { requestPolicy: 'network-only' }).toPromise();
    const sparklines = new Map(this.sparklines);
    for (const node of data?.nodes ?? []) {
      if (node?.__typename === 'Run') sparklines.set(node.id, node.series[0]?.buckets.map(({ last }) => numberOf(last)) ?? []);
    }
    this.sparklines = sparklines;
  }

  #extendSparkline(run: RunRow): void {
    const loss = run.summary.find(({ key }) => key === 'loss');
    if (!loss) return;
    const values = this.sparklines.get(run.id) ?? [];
    this.sparklines = new Map(this.sparklines).set(run.id, [...values, numberOf(loss.last)].slice(-80));
  }
}
