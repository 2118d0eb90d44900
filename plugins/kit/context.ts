/** What was found wrong with an input or a setting. */
export interface Issue {
  /** Dotted path: `items.2.name`. Empty: the value as a whole. */
  path: string;
  message: string;
}

/** Lines of a plugin's own log. Fields are plain values; never put a secret in. */
export interface PluginLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** What each function of a plugin is given besides its input. */
export interface PluginContext<Settings = unknown> {
  settings: Settings;
  /** Aborted when nobody waits for the answer any more. A call that goes on regardless is ended together with its process. */
  signal: AbortSignal;
  log: PluginLog;
  /** Tells how far the call is, from 0 to 1. */
  progress(fraction: number, message?: string): void;
}
