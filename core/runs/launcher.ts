/** How workers are started: an extension point. `local` starts processes on this machine. */
export interface Launcher {
  /**
   * Starts a worker on a run folder; a run that had failed or was cancelled goes on. Resolves when it has taken the folder, or has ended
   * already.
   * @param options slot: the place that the run takes, `cuda:1`; null: none.
   */
  start(runFolder: string, options: { slot: string | null }): Promise<void>;
  /** Whether a worker is at work there. One that cannot go on is ended. */
  isAlive(runFolder: string): Promise<boolean>;
}
