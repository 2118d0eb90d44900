import { setTimeout } from 'node:timers/promises';
import { tinyConfig } from '@anneal/engine/testing';
import { z } from 'zod';
import type { Client } from './client.ts';
import { Follower } from './follower.ts';

const startAnswer = z.object({ startRun: z.object({ data: z.object({ id: z.string() }) }) });
const activeAnswer = z.object({ runs: z.object({ edges: z.array(z.object({ node: z.object({ state: z.string() }) })) }) });
const cancelAnswer = z.object({ cancelRun: z.object({ __typename: z.literal('CancelRunSuccess') }) });

/** Runs at a time, besides the one that is really trained. */
const scriptedRuns = 3;

/** Starts runs, again when they end, follows each, and cancels some. */
export class Runs {
  readonly followers: Follower[] = [];
  /** Global ids of runs whose cancellation was acknowledged. */
  readonly cancelled = new Set<string>();
  readonly #client: Client;
  readonly #places: { model: string; data: string };

  constructor(client: Client, places: { model: string; data: string }) {
    this.#client = client;
    this.#places = places;
  }

  /** @param seed 1: a real training */
  async start(steps: number, seed: number): Promise<void> {
    const tiny = tinyConfig(this.#places, steps);
    const config = { ...tiny, run: { ...tiny.run, seed, evaluateEvery: 0, checkpointEvery: 25 } };
    const query = 'mutation ($config: JSON) { startRun(input: { config: $config }) { ... on StartRunSuccess { data { id } } } }';
    // Not sent again without an answer: it might be started twice. Whatever was started is checked at the end.
    const answer = startAnswer.safeParse(await this.#client.tryOnce(query, { config }));
    if (answer.success) this.follow(answer.data.startRun.data.id);
  }

  follow(runId: string): void {
    this.followers.push(new Follower(runId, this.#client));
  }

  /** Keeps some runs going until told to end. */
  async keepGoing(signal: AbortSignal): Promise<void> {
    for (let seed = 2; !signal.aborted;) {
      const query = '{ runs(first: 50) { edges { node { state } } } }';
      const answer = activeAnswer.safeParse(await this.#client.tryOnce(query, {}));
      const going = answer.data?.runs.edges.filter(({ node }) => !['COMPLETED', 'FAILED', 'CANCELLED'].includes(node.state)).length;
      // The trained one and the foreign one are among them.
      if (going !== undefined && going < scriptedRuns + 2) await this.start(200 + Math.floor(Math.random() * 300), seed++);
      if (going !== undefined && Math.random() < 0.02) await this.#cancelOne();
      await setTimeout(200, undefined, { signal }).catch(() => undefined);
    }
  }

  async #cancelOne(): Promise<void> {
    // Not the first two: the one that is trained, and the one of the foreign trainer.
    const going = this.followers.slice(2).filter(({ isComplete }) => !isComplete);
    const chosen = going[Math.floor(Math.random() * going.length)];
    if (!chosen) return;
    const query = 'mutation ($id: ID!) { cancelRun(input: { runId: $id }) { __typename } }';
    const answer = cancelAnswer.safeParse(await this.#client.tryOnce(query, { id: chosen.runId }));
    if (answer.success) this.cancelled.add(chosen.runId);
  }
}
