import type { Issue } from '../kit/context.ts';
import type { PluginKind, PluginManifest } from '../kit/manifest.ts';
import type { Json, JsonSchema } from '../kit/plugin.ts';
import type { PluginFailure } from './plugin-failure.ts';

/** A plugin as it lies in its folder. */
export interface PluginSource {
  manifest: PluginManifest;
  /** Absolute, without symbolic links. */
  folder: string;
  /** Whether it comes with the studio: may import installed packages, and get the permissions that only such plugins can have. */
  isBuiltIn: boolean;
}

/** What a plugin says of itself once it is loaded. */
export interface PluginDescription {
  kind: PluginKind;
  /** Of what an administrator sets. */
  settings: JsonSchema;
  methods: Readonly<Record<string, { input: JsonSchema; output: JsonSchema; isStream: boolean }>>;
}

/** What the operator agreed to. Asked for by the manifest as well, or it is not given. */
export interface GrantedPermissions {
  network: boolean;
  /** Folders that it may read, absolute. Only for plugins that come with the studio and ask for folders. */
  folders?: readonly string[];
}

/** STOPPED: no process; the next call starts one. BACKING_OFF: as STOPPED, but calls are refused until `retryAt`. */
export type PluginProcessState = 'STOPPED' | 'STARTING' | 'READY' | 'BACKING_OFF';

export interface PluginStatus {
  state: PluginProcessState;
  pid: number | null;
  startedAt: Date | null;
  /** How often a process was started, and how often one was ended for a failure, since the PluginProcess was made. */
  starts: number;
  failures: number;
  lastFailure: { code: PluginFailure['code']; message: string; at: Date } | null;
  /** While BACKING_OFF. */
  retryAt: Date | null;
  callsInFlight: number;
  /** Memory of the process that the system counts. Bytes; null: not known. */
  residentBytes: number | null;
  /** What is wrong with the settings it was started with: calls fail with SETTINGS_INVALID. */
  settingsIssues: readonly Issue[];
  /** What holds it, from the weakest to the strongest: node: permission model and removed functions; kernel: namespaces of its own. */
  isolation: 'node' | 'kernel' | null;
}

/** A line of a plugin's log, of its standard output, or of its standard error. */
export interface PluginLogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields?: Readonly<Record<string, Json>>;
}

export interface CallOptions {
  /** Cancels the call: it is told, and its process ended if it goes on regardless. */
  signal?: AbortSignal;
  /** For the call, or for each wait for a piece. Left out: the manifest's. Seconds. */
  timeoutSeconds?: number;
  onProgress?: (fraction: number, message?: string) => void;
  onLog?: (line: PluginLogLine) => void;
}
