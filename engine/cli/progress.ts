import type { StartedEvent, TrainingEvent } from '../training/events.ts';
import { inCount } from './in-words.ts';
import { bar, stepLine } from './step-line.ts';

/** Where progress is shown: stdout. */
export interface Screen {
  isTTY?: boolean;
  /** Characters in a line. */
  columns?: number;
  write(text: string): unknown;
}

/** How much of the time of a step is taken over from those before. */
const inertia = 0.9;

/** Shows how a training goes: on a terminal a bar below what was logged, elsewhere one line after the other. */
export class Progress {
  readonly #screen: Screen;
  readonly #now: () => number;
  #totalSteps = 0;
  #hasBar = false;
  #lastStepAt: number | null = null;
  /** Of a step with all that comes between two of them; smoothed. */
  #stepSeconds: number | null = null;
  /** The newest event. */
  last: TrainingEvent | null = null;
  /** Where the result is, in the run folder; null while there is none. */
  artifact: string | null = null;

  /** Whether the run came to an end or a pause of its own; otherwise it was interrupted. */
  get hasEnded(): boolean {
    return this.last?.type === 'completed' || this.last?.type === 'cancelled' || this.last?.type === 'paused';
  }

  /** @param now seconds */
  constructor(screen: Screen, now: () => number = () => performance.now() / 1000) {
    this.#screen = screen;
    this.#now = now;
  }

  tell(event: TrainingEvent): void {
    this.last = event;
    switch (event.type) {
      case 'started':
        this.#totalSteps = event.totalSteps;
        return this.say(opening(event));
      case 'rollback':
        this.#totalSteps = event.totalSteps;
        return;
      case 'metrics': {
        const { evaluationLoss } = event.values;
        // Later ones are logged.
        if (evaluationLoss !== undefined && event.step === 0) this.say(`Evaluation loss ${evaluationLoss.toFixed(4)} before training.`);
        if (evaluationLoss === undefined) this.#step(event);
        return;
      }
      case 'log':
        return this.say(event.level === 'info' ? event.message : `Warning: ${event.message}`);
      case 'checkpoint':
        if (!this.#screen.isTTY) this.say(`Checkpoint ${event.path}`);
        return;
      case 'artifact':
        this.artifact = event.path;
        return;
      case 'paused':
      case 'completed':
      case 'cancelled':
        return;
    }
  }

  /** A line of its own, above the bar. */
  say(text: string): void {
    this.end();
    this.#screen.write(`${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#hasBar) this.#screen.write('\r\x1b[2K');
    this.#hasBar = false;
  }

  #step(event: Extract<TrainingEvent, { type: 'metrics' }>): void {
    const now = this.#now();
    if (this.#lastStepAt !== null) {
      const seconds = now - this.#lastStepAt;
      this.#stepSeconds = this.#stepSeconds === null ? seconds : inertia * this.#stepSeconds + (1 - inertia) * seconds;
    }
    this.#lastStepAt = now;
    const stepsLeft = this.#totalSteps - event.step;
    const secondsLeft = this.#stepSeconds === null || stepsLeft <= 0 ? null : stepsLeft * this.#stepSeconds;
    const { isTTY: isTerminal = false, columns = 80 } = this.#screen;
    const line = stepLine({ event, totalSteps: this.#totalSteps, secondsLeft, isShort: isTerminal });
    if (!isTerminal) return this.say(`step ${line}`);
    const text = `${bar(event.step / this.#totalSteps)} ${line}`;
    this.#screen.write(`\r\x1b[2K${text.slice(0, columns - 1)}`);
    this.#hasBar = true;
  }
}

function opening({ step, totalSteps, device, threads, parameters, trainableParameters }: StartedEvent): string {
  const begins = step === 0 ? `Training ${inCount(totalSteps)} steps` : `Going on behind step ${step} of ${inCount(totalSteps)}`;
  const place = device === 'cpu' ? `on the CPU with ${threads} ${threads === 1 ? 'thread' : 'threads'}` : `on ${device}`;
  return `${begins} ${place}: ${inCount(trainableParameters)} of ${inCount(parameters)} parameters.`;
}
