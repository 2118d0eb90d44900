import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { Client } from './client.ts';

const created = z.object({ createLoggedRun: z.object({ data: z.object({ id: z.string() }) }) });
const logged = z.object({ logMetrics: z.object({ __typename: z.literal('LogMetricsSuccess') }) });
const pointsACall = 20;

/** A trainer elsewhere: logs points, and sends a call again that got no answer. */
export class ForeignTrainer {
  readonly runId: string;
  readonly #client: Client;
  /** Steps whose points the API has said to be stored. */
  acknowledged = 0;
  readonly problems: string[] = [];

  private constructor(runId: string, client: Client) {
    this.runId = runId;
    this.#client = client;
  }

  static async create(client: Client): Promise<ForeignTrainer> {
    const query = 'mutation { createLoggedRun(input: { name: "Foreign" }) { ... on CreateLoggedRunSuccess { data { id } } } }';
    return new ForeignTrainer(created.parse(await client.send(query, {})).createLoggedRun.data.id, client);
  }

  /** Logs until told to end. */
  async train(signal: AbortSignal): Promise<void> {
    const query = 'mutation ($input: LogMetricsInput!) { logMetrics(input: $input) { __typename ... on Error { message } } }';
    while (!signal.aborted) {
      const points = Array.from({ length: pointsACall }, (_, index) => {
        const step = this.acknowledged + index + 1;
        return { key: 'loss', step, value: lossAt(step) };
      });
      const answer = await this.#client.send(query, { input: { runId: this.runId, points } });
      if (answer === null) return;
      if (!logged.safeParse(answer).success) return void this.problems.push(`logMetrics: ${JSON.stringify(answer)}`);
      this.acknowledged += pointsACall;
      await setTimeout(100, undefined, { signal }).catch(() => undefined);
    }
    const end = 'mutation ($id: ID!) { finishLoggedRun(input: { runId: $id, state: COMPLETED }) { __typename } }';
    await this.#client.send(end, { id: this.runId });
  }
}

export const lossAt = (step: number): number => 4 / step;
