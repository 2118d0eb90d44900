import type { MetricsEvent, TrainingEvent } from '../training/events.ts';
import type { Journal } from './journal.ts';
import { type Difference, Replay } from './replay.ts';

/** How long a line may be in memory of the system only. Milliseconds. */
const syncEvery = 5000;

/** Writes the events of one attempt into the journal, each once however often its step is computed. */
export class Recorder {
  readonly #journal: Journal;
  readonly #file: string;
  /** Undefined in the first attempt. */
  #replay: Replay | undefined;
  #fromStep = 0;
  /** An attempt that only saves what was learned does not say that it starts. */
  #hasBegun = false;
  #hasWarned = false;
  /** Of the newest checkpoint: one that is saved again at the end of an attempt is told once. */
  #checkpointStep = -1;
  #syncedAt = Date.now();
  /** The newest step that this attempt told of. */
  step = 0;

  constructor(journal: Journal, file: string) {
    this.#journal = journal;
    this.#file = file;
  }

  get isEnded(): boolean {
    return this.#journal.isEnded;
  }

  async record(event: TrainingEvent): Promise<void> {
    this.step = event.step;
    if (event.type === 'started' || (event.type === 'artifact' && !this.#hasBegun)) await this.#begin(event.step);
    if (event.type === 'metrics') this.#recordMetrics(event);
    else if (event.type === 'checkpoint' && event.step === this.#checkpointStep) return;
    else if (!this.#replay?.take(event)) this.#journal.append(event);
    if (event.type === 'checkpoint') this.#checkpointStep = event.step;
    if (event.type === 'checkpoint' || Date.now() - this.#syncedAt > syncEvery) this.#sync();
  }

  /** What the journal holds already from the step on is not told again. */
  async #begin(step: number): Promise<void> {
    this.#hasBegun = true;
    this.#fromStep = step;
    if (this.#journal.sequence > 0) this.#replay = await Replay.read(this.#file, step);
  }

  #recordMetrics(event: MetricsEvent): void {
    const difference = this.#replay?.difference(event) ?? null;
    if (difference && !this.#hasWarned) {
      this.#hasWarned = true;
      this.#warn(event.step, describe(difference, this.#fromStep));
    }
    if (!this.#replay?.take(event) && Object.keys(event.values).length > 0) this.#journal.append(event);
  }

  #warn(step: number, message: string): void {
    this.#journal.append({ type: 'log', step, level: 'warn', message });
  }

  /** Not waited for: training goes on meanwhile. A failure shows at the next write or at the end. */
  #sync(): void {
    this.#syncedAt = Date.now();
    void this.#journal.sync().catch(() => undefined);
  }
}

const describe = ({ step, key, before, now }: Difference, fromStep: number): string =>
  `Going on from step ${fromStep}, step ${step} was computed again and its ${key} is ${now}; it was ${before} before. ` +
  'The steps from there on do not belong to exactly the same training as those before. Was the model, the dataset, the number of threads or the machine changed?';
