import type { Duty } from '../servers/duties.ts';
import { JournalReader, type JournalReaderOptions } from './journal-reader.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

type Options = Omit<JournalReaderOptions, 'onEnd'> & Omit<SupervisorOptions, 'reader'>;

/** Reads the journals, sees to it that each run has a worker, and starts those in the queue: on one server at a time. */
export class RunKeeping implements Duty {
  readonly #options: Options;
  #end: (() => Promise<void>) | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { bus } = this.#options;
    const reader = new JournalReader({ ...this.#options, onEnd: () => supervisor.wake() });
    const supervisor: Supervisor = new Supervisor({ ...this.#options, reader });
    const stopListening = bus.topic('queue').listenToAll(supervisor.wake);
    this.#end = async () => {
      stopListening();
      await supervisor.close();
      await reader.close();
    };
    await supervisor.start();
  }

  /** Leaves the workers running. */
  async stop(): Promise<void> {
    await this.#end?.();
    this.#end = undefined;
  }

  /** Whichever server has this duty looks at the queue soon. */
  readonly wake = (): void => this.#options.bus.topic('queue').publish('');
}
