import type { ResultOf } from '../graphql/tada.ts';
import { socket } from '../graphql/connection.svelte.ts';
import { follow } from '../graphql/follow.ts';
import { TryRun } from './documents.ts';

export interface Answer {
  text: string;
  done: boolean;
  tokens: number;
  seconds: number;
  problem: string | null;
}

export interface TryItInput {
  prompt: string;
  temperature: number;
  topK: number;
  topP: number;
  maxTokens: number;
  seed: number;
}

type Chunk = ResultOf<typeof TryRun>['tryRun'];

const nothing: Answer = { text: '', done: false, tokens: 0, seconds: 0, problem: null };

/** Two answers to one prompt, as they are written: of the base model and of the tuned one. */
export class TryIt {
  base = $state.raw<Answer>(nothing);
  tuned = $state.raw<Answer>(nothing);
  state = $state<'idle' | 'writing' | 'done'>('idle');
  problem = $state('');
  #stop = (): void => {};

  ask(runId: string, input: TryItInput): void {
    this.#stop();
    this.state = 'writing';
    this.#stop = follow(socket, {
      document: TryRun,
      // Also asked after a lost connection: the answers then begin anew.
      variables: () => {
        this.base = nothing;
        this.tuned = nothing;
        this.problem = '';
        return { input: { runId, ...input } };
      },
      next: ({ tryRun }) => this.#take(tryRun),
      failed: (message) => {
        // Asking again by itself would only repeat the work; the person decides.
        this.problem = message;
        this.stop();
      },
      ended: () => {
        this.state = 'done';
        return false;
      },
    });
  }

  stop(): void {
    this.#stop();
    this.state = 'done';
  }

  #take({ side, text, done, tokens, seconds, problem }: Chunk): void {
    const before = side === 'BASE' ? this.base : this.tuned;
    const answer: Answer = { text: before.text + text, done, tokens, seconds, problem };
    if (side === 'BASE') this.base = answer;
    else this.tuned = answer;
  }
}
