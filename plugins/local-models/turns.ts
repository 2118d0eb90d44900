/** Gives one at a time its turn, in the order in which they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /**
   * Waits for a turn.
   * @returns ends it
   * @throws the reason of the signal when that comes first
   */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const before = this.#last;
    let end: () => void = () => undefined;
    this.#last = new Promise((resolve) => {
      end = resolve;
    });
    let leave: () => void = () => undefined;
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => reject(signal.reason instanceof Error ? signal.reason : new Error('it was cancelled'));
    });
    signal.addEventListener('abort', leave, { once: true });
    try {
      await Promise.race([before, left]);
      return end;
    } catch (error) {
      // Those behind still wait for those before.
      void before.then(end);
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
