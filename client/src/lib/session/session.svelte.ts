import type { VariablesOf } from 'gql.tada';
import { dataOf, direct } from '../graphql/client.ts';
import { socket } from '../graphql/connection.svelte.ts';
import type { ResultOf } from '../graphql/tada.ts';
import { onRefused, stranger, tokens } from './credentials.ts';
import { Access, LogIn, LogOut, Register } from './documents.ts';
import type { Tokens } from './tokens.ts';

type Studio = ResultOf<typeof Access>['studio'];
type User = NonNullable<ResultOf<typeof Access>['viewer']>['user'];

/** What is wrong with a form: of the whole, and by field. */
export interface FormProblem {
  message: string;
  fields: Readonly<Record<string, string>>;
}

/** unknown: not asked yet. in: somebody is logged in, or nobody has to. out: somebody has to. */
type SessionState = 'unknown' | 'in' | 'out';

let state = $state<SessionState>('unknown');
let studio = $state.raw<Studio>({ accountsRequired: false, registrationOpen: false, needsSetup: false });
let user = $state.raw<User | null>(null);

/** Who uses this page. */
export const session = {
  get state() {
    return state;
  },
  get studio() {
    return studio;
  },
  /** Null: nobody, or nobody that has an account. */
  get user() {
    return user?.email ? user : null;
  },

  /** Asks the studio. When it cannot be reached, pages are shown as before; they say so themselves. */
  async load(): Promise<void> {
    try {
      const answer = dataOf(await direct.query(Access, {}).toPromise());
      studio = answer.studio;
      user = answer.viewer?.user ?? null;
      state = studio.accountsRequired && user === null ? 'out' : 'in';
    } catch {
      if (state === 'unknown') state = 'in';
    }
  },

  async logIn(input: VariablesOf<typeof LogIn>['input']): Promise<FormProblem | null> {
    const { logIn: result } = dataOf(await stranger.mutation(LogIn, { input }).toPromise());
    if (result.__typename !== 'LogInSuccess') return { message: 'message' in result ? result.message : refusal, fields: {} };
    return enter(result.data);
  },

  async register(input: VariablesOf<typeof Register>['input']): Promise<FormProblem | null> {
    const { register: result } = dataOf(await stranger.mutation(Register, { input }).toPromise());
    if (result.__typename === 'RegisterSuccess') return enter(result.data);
    const issues = result.__typename === 'InvalidInput' ? result.issues : [];
    return {
      message: 'message' in result ? result.message : refusal,
      fields: Object.fromEntries(issues.map(({ path, message }) => [path, message])),
    };
  },

  async logOut(): Promise<void> {
    await direct.mutation(LogOut, {}).toPromise();
    tokens.forget();
    // What was read stays in memory otherwise.
    location.assign('/');
  },
};

const refusal = 'The studio refused.';

async function enter(received: Tokens): Promise<null> {
  tokens.keep(received);
  await session.load();
  // The open socket is a stranger's; it comes back with the token.
  socket.terminate();
  return null;
}

onRefused(() => void session.load());
