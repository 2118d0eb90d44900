/** Sentences of work that is under way, one after the other for whoever waits for it. */
export class Announcements {
  #waiting: string[] = [];
  #hasEnded = false;
  #wake: () => void = () => undefined;

  readonly tell = (message: string): void => {
    this.#waiting.push(message);
    this.#wake();
  };

  readonly end = (): void => {
    this.#hasEnded = true;
    this.#wake();
  };

  /** All of them as they come, until the end. For one reader. */
  async *all(): AsyncGenerator<string, void> {
    while (!this.#hasEnded || this.#waiting.length > 0) {
      if (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      yield* this.#waiting.splice(0);
    }
  }
}
