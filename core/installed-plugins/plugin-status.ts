/**
 * DISABLED: nobody may use it. IDLE: it may be used, and takes no memory until then. RUNNING: it has a process. FAILED: its process was
 * ended because of what it did, or could not be started; the next call tries again. BROKEN: it cannot be used as it lies there.
 */
export type PluginStateName = 'DISABLED' | 'IDLE' | 'RUNNING' | 'FAILED' | 'BROKEN';

/** Why a call, or the process itself, went wrong. */
export interface PluginTrouble {
  code: string;
  message: string;
  time: Date;
}

/** How a plugin is doing on this server. */
export interface PluginStatus {
  state: PluginStateName;
  /** Since when it is so. */
  since: Date;
  /** What keeps it from working, and what to do. */
  problems: readonly string[];
  pid: number | null;
  /** Resident memory of its process. Bytes; null where that is not known. */
  memoryBytes: number | null;
  /** Since the server was started, or the plugin was loaded anew. */
  calls: number;
  failedCalls: number;
  callsInFlight: number;
  lastError: PluginTrouble | null;
  /** What holds its process: see PluginStatus of the host. */
  isolation: 'node' | 'kernel' | null;
}

/** What has become of the calls of a plugin, and of its process. */
export class PluginRecord {
  calls = 0;
  failedCalls = 0;
  lastError: PluginTrouble | null = null;
  lastUsedAt: Date | null = null;
  /** Why its process was ended, or could not be started; null: it was not, or has been started since. */
  failure: PluginTrouble | null = null;

  began(): void {
    this.calls++;
    this.lastUsedAt = new Date();
  }

  succeeded(): void {
    this.failure = null;
    this.lastUsedAt = new Date();
  }

  /** A call failed. */
  failed(code: string, message: string): void {
    this.failedCalls++;
    this.lastError = { code, message, time: new Date() };
  }

  /** The process was ended. */
  ended(code: string, message: string): void {
    this.failure = { code, message, time: new Date() };
    this.lastError = this.failure;
  }
}
