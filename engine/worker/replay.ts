import { createReadStream } from 'node:fs';
import readline from 'node:readline';
import type { MetricsEvent, TrainingEvent } from '../training/events.ts';
import { parseJournalLine } from './journal-format.ts';

/** Values that are the same each time a step is computed; speed and memory are not. */
const reproducible = ['loss', 'learningRate', 'gradientNorm', 'evaluationLoss'];

/** A value that came out otherwise when its step was computed again. */
export interface Difference {
  step: number;
  key: string;
  before: number;
  now: number;
}

/**
 * What the journal already holds of the steps that a resumed run computes again. Each event of these is told apart once:
 * it is in the journal, or it is new.
 */
export class Replay {
  /** How often each event is in the journal and did not come again yet, and the values of the metrics. */
  readonly #known = new Map<string, { times: number; values: Readonly<Record<string, number>> }>();

  /** @param fromStep of the checkpoint that the run goes on from; earlier metrics do not come again. */
  static async read(journal: string, fromStep: number): Promise<Replay> {
    const replay = new Replay();
    for await (const text of readline.createInterface({ input: createReadStream(journal), crlfDelay: Infinity })) {
      const line = parseJournalLine(text);
      if (!line || line.type === 'failed') continue;
      const name = nameOf(line);
      // Warnings about the data come again at each start, whatever its step.
      if (name === null || (line.step < fromStep && line.type !== 'log')) continue;
      const known = replay.#known.get(name);
      replay.#known.set(name, { times: (known?.times ?? 0) + 1, values: line.type === 'metrics' ? line.values : {} });
    }
    return replay;
  }

  /** True when the journal holds the event already. */
  take(event: TrainingEvent): boolean {
    const name = nameOf(event);
    const known = name === null ? undefined : this.#known.get(name);
    if (!known || known.times === 0) return false;
    known.times -= 1;
    return true;
  }

  /** The first value of the event that the journal tells otherwise. */
  difference({ step, values, ...event }: MetricsEvent): Difference | null {
    const known = this.#known.get(nameOf({ step, values, ...event }) ?? '');
    for (const key of reproducible) {
      const [before, now] = [known?.values[key], values[key]];
      if (before !== undefined && now !== undefined && !Object.is(before, now)) return { step, key, before, now };
    }
    return null;
  }
}

/** What makes two events the same one. Null for those that belong to an attempt. */
function nameOf(event: TrainingEvent): string | null {
  switch (event.type) {
    case 'metrics':
      return `metrics ${event.step} ${Object.keys(event.values).sort().join(' ')}`;
    case 'checkpoint':
      return `checkpoint ${event.step}`;
    case 'artifact':
      return `artifact ${event.step} ${event.path}`;
    case 'log':
      return `log ${event.step} ${event.level} ${event.message}`;
    case 'started':
    // Told again, because what it changes in the run is that of an attempt: how many steps there will be.
    case 'rollback':
    case 'paused':
    case 'completed':
    case 'cancelled':
      return null;
  }
}
