/** One after the other: whoever comes later asks the one before to leave. */
export class Turns {
  readonly #current = new Map<string, { leave: () => void; ended: Promise<void> }>();

  /** Whether somebody is at it. */
  isTaken(key: string): boolean {
    return this.#current.has(key);
  }

  /**
   * Does something when all that was begun before with the same key has ended.
   * @param leave called when somebody else waits: makes `action` end soon
   */
  async take<T>(key: string, leave: () => void, action: () => Promise<T>): Promise<T> {
    const before = this.#current.get(key);
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const own = { leave, ended };
    this.#current.set(key, own);
    before?.leave();
    await before?.ended;
    try {
      return await action();
    } finally {
      if (this.#current.get(key) === own) this.#current.delete(key);
      end();
    }
  }
}
