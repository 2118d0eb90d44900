/**
 * Tells who listens that something new is in the database, not what: listeners read it there. So a slow listener costs nothing,
 * and nothing is lost between reading and listening.
 */
export class Bus {
  readonly #ofRun = new Map<string, Set<() => void>>();
  readonly #ofAll = new Set<(runId: string) => void>();

  /** Something new was committed for a run. */
  publish(runId: string): void {
    for (const listener of this.#ofRun.get(runId) ?? []) listener();
    for (const listener of this.#ofAll) listener(runId);
  }

  /** @returns ends it. */
  listen(runId: string, listener: () => void): () => void {
    const listeners = this.#ofRun.get(runId) ?? new Set();
    this.#ofRun.set(runId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#ofRun.get(runId) === listeners) this.#ofRun.delete(runId);
    };
  }

  /** @returns ends it. */
  listenToAll(listener: (runId: string) => void): () => void {
    this.#ofAll.add(listener);
    return () => void this.#ofAll.delete(listener);
  }

  /** How many listen. */
  get listeners(): number {
    return this.#ofAll.size + [...this.#ofRun.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }
}
