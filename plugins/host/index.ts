export { PluginFailure, type PluginFailureCode, pluginFailureCodes } from './plugin-failure.ts';
export type {
  CallOptions,
  GrantedPermissions,
  PluginDescription,
  PluginLogLine,
  PluginProcessState,
  PluginSource,
  PluginStatus,
} from './types.ts';
export { loadManifest } from './load-manifest.ts';
export { PluginProcess, type PluginProcessOptions } from './plugin-process.ts';
