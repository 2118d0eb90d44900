import { dataOf, studio } from '../graphql/client.ts';
import type { ResultOf } from '../graphql/tada.ts';
import { MyProjects } from './documents.ts';

export type Project = ResultOf<typeof MyProjects>['projects']['edges'][number]['node'];

const key = 'anneal.project';

let all = $state.raw<readonly Project[]>([]);
let chosen = $state(localStorage.getItem(key));
let isKnown = $state(false);

/** The projects of whoever looks, and the one that the pages show. */
export const projects = {
  get all(): readonly Project[] {
    return all;
  },

  /** The chosen one; the first one where none was chosen, or it is gone. Null until they are known. */
  get current(): Project | null {
    return all.find(({ id }) => id === chosen) ?? all[0] ?? null;
  },

  /** Whether they were asked for, with or without success: pages that show one project wait for it. */
  get isKnown(): boolean {
    return isKnown;
  },

  choose(id: string): void {
    chosen = id;
    localStorage.setItem(key, id);
  },

  /** When the studio cannot be reached, what is known stays. */
  async load(): Promise<void> {
    try {
      const answer = dataOf(await studio.query(MyProjects, {}, { requestPolicy: 'network-only' }).toPromise());
      all = answer.projects.edges.map(({ node }) => node);
    } catch {
      // The pages say so themselves.
    } finally {
      isKnown = true;
    }
  },
};
