/** How workers are started: an extension point. `local` starts processes on this machine. */
export interface Launcher {
  /** Starts a worker on a run folder. Resolves when it has taken the folder, or has ended already. */
  start(runFolder: string): Promise<void>;
  /** Whether a worker is at work there. One that cannot go on is ended first. */
  isAlive(runFolder: string): Promise<boolean>;
}
