import { PluginFailure } from '@anneal/plugins';

/** Lets some calls of a plugin through at a time; others wait, as many as is reasonable. */
export class CallGate {
  readonly #plugin: string;
  readonly #open: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  /** @param open calls at a time */
  constructor(plugin: string, open: number, mostWaiting = 1000) {
    this.#plugin = plugin;
    this.#open = open;
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Waits for a place.
   * @returns gives it back
   * @throws PluginFailure BUSY when too many wait already, the reason of the signal when that comes first
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#inside < this.#open) this.#inside++;
    else await this.#wait(signal);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      // The place goes to whoever has waited longest.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inside--;
    };
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) {
      const what = `The plugin "${this.#plugin}" is asked for more than it can do: ${this.#open} calls are under way and ${this.#mostWaiting} wait. Try again later.`;
      throw new PluginFailure('BUSY', what, { retryAfterSeconds: 5 });
    }
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal.reason instanceof Error ? signal.reason : new Error('the call was cancelled'));
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
