import os from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whether npm has started this program: it does so through a shell, which keeps a signal that npm was sent to itself. */
const isStartedByNpm = process.env.npm_lifecycle_script?.includes('anneal') === true;

/** How this process is asked to leave. A training step holds everything up, so it shows only between two steps. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #parent = process.ppid;
  /** 0 while nobody asks; 128 and the signal's number, as shells have it. */
  exitCode = 0;

  constructor() {
    for (const signal of signals) process.on(signal, () => this.#ask(signal));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** To be called now and then: npm's shell being gone is all that is seen of a signal to npm. */
  look(): void {
    if (isStartedByNpm && process.ppid !== this.#parent) this.#ask('SIGTERM');
  }

  #ask(signal: (typeof signals)[number]): void {
    this.exitCode ||= 128 + os.constants.signals[signal];
    this.#controller.abort();
  }
}
