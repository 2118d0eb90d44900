import { bindingOf, type InternalBinding } from './internals.ts';
import { deny, refuse, replace } from './replace.ts';

/** Native functions that nothing in a plugin's process has a use for, by the binding that they are in. */
const useless: Readonly<Record<string, readonly string[]>> = {
  process_methods: ['_kill', '_debugProcess', '_debugEnd', 'abort', 'causeSegfault', 'chdir', 'umask', 'execve', 'loadEnvFile'],
  credentials: ['setuid', 'seteuid', 'setgid', 'setegid', 'setgroups', 'initgroups'],
  spawn_sync: ['spawn'],
  // These two take compiled code that V8 runs without looking at it.
  contextify: ['ContextifyScript', 'compileFunction'],
  module_wrap: ['ModuleWrap'],
  inspector: ['open', 'url', 'waitForDebugger', 'callAndPauseOnStart', 'Connection', 'MainThreadConnection'],
  worker: ['Worker'],
  wasi: ['WASI'],
  os: ['setPriority'],
  trace_events: ['CategorySet'],
  report: ['writeReport', 'getReport', 'setDirectory', 'setFilename', 'setReportOnFatalError', 'setReportOnSignal'],
  heap_utils: ['triggerHeapSnapshot'],
  profiler: ['setCoverageDirectory', 'takeCoverage'],
  v8: ['setFlagsFromString', 'setHeapSnapshotNearHeapLimit'],
  messaging: ['setDeserializerCreateObjectFunction', 'setDeserializerCreateFunction'],
  modules: ['enableCompileCache'],
  crypto: ['setEngine'],
  fs: ['fchmod', 'fchown', 'futimes'],
};

/**
 * Cuts the native functions under Node's own modules: whoever finds another way to these functions finds them refusing.
 */
export function cutBindings(
  internalBinding: InternalBinding,
  { isNetworkAllowed, mayLoadNativeAddons }: { isNetworkAllowed: boolean; mayLoadNativeAddons: boolean },
): void {
  const refused = refuse('a plugin must not use this');
  for (const [name, functions] of Object.entries(useless)) replace(bindingOf(internalBinding, name), functions, refused);
  if (!isNetworkAllowed) replace(bindingOf(internalBinding, 'cares_wrap'), ['getaddrinfo', 'getnameinfo'], deny);
  if (!mayLoadNativeAddons) replace(bindingOf(internalBinding, 'process_methods'), ['dlopen'], refused);
}
