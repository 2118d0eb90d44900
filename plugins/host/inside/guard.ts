import childProcess from 'node:child_process';
import cluster from 'node:cluster';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs/promises';
import inspector from 'node:inspector';
import module, { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import process from 'node:process';
import traceEvents from 'node:trace_events';
import v8 from 'node:v8';
import vm from 'node:vm';
import workerThreads from 'node:worker_threads';
import { cutBindings } from './cut-bindings.ts';
import { cutFinding } from './cut-finding.ts';
import { closeInternals } from './internals.ts';
import { deny, refuse, replace } from './replace.ts';

/**
 * What Node's permission model leaves open is taken away here, before anything of the plugin is loaded and for good: the functions
 * themselves are replaced on the objects that everything in Node calls them through, so that no other path leads to them.
 *
 * Sockets are cut at the handles under them: whatever opens a connection, `net`, `http`, `fetch` or a WebSocket, ends in `connect` of one
 * of these prototypes, and its answer here is the system's own "permission denied". The way to Node's internals is closed, and what lies at
 * its end cut as well.
 * @throws Error where this version of Node cannot be closed: nothing may be loaded then
 */
export async function guard({ isNetworkAllowed, channel }: { isNetworkAllowed: boolean; channel: net.Socket }): Promise<void> {
  // Who started this process has decided about native code.
  const mayLoadNativeAddons = process.execArgv.includes('--allow-addons');
  const internalBinding = closeInternals();
  cutHandles(isNetworkAllowed, channel);
  if (!isNetworkAllowed) cutNames();
  cutProcess(mayLoadNativeAddons);
  cutModules();
  await cutOpenFiles();
  if (!mayLoadNativeAddons) cutFinding(internalBinding);
  if (internalBinding !== undefined) cutBindings(internalBinding, { isNetworkAllowed, mayLoadNativeAddons });
  syncBuiltinESMExports();
}

/** The prototype of the handle under a socket. Newer versions of Node refuse to make some of them, which is as good. */
function prototypeOf(make: () => unknown): object | null {
  try {
    const handle = make();
    return typeof handle === 'object' && handle !== null ? (Object.getPrototypeOf(handle) as object) : null;
  } catch {
    return null;
  }
}

const handleOf = (owner: object): unknown => Reflect.get(owner, '_handle');

function cutHandles(isNetworkAllowed: boolean, channel: net.Socket): void {
  const tcp = prototypeOf(() => {
    const socket = net.connect({ host: '127.0.0.1', port: 1 });
    const handle = handleOf(socket);
    // Before it has begun.
    socket.on('error', () => undefined).destroy();
    return handle;
  });
  replace(tcp, ['open', 'bind', 'bind6', 'listen', ...(isNetworkAllowed ? [] : ['connect', 'connect6'])], deny);
  // Unix sockets lead to other programs on this machine: never.
  const pipe = prototypeOf(() => handleOf(channel));
  replace(pipe, ['open', 'bind', 'listen', 'connect', 'fchmod'], deny);
  const udp = prototypeOf(() => {
    const socket = dgram.createSocket('udp4');
    const state = Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === 'state symbol');
    const handle: unknown = state && Reflect.get(Object(Reflect.get(socket, state)), 'handle');
    socket.close();
    return handle;
  });
  const datagrams = [
    'open',
    'bind',
    'bind6',
    'connect',
    'connect6',
    'send',
    'send6',
    'recvStart',
    'addMembership',
    'addSourceSpecificMembership',
  ];
  replace(udp, datagrams, deny);
  replace(
    prototypeOf(() => handleOf(new childProcess.ChildProcess())),
    ['spawn', 'kill'],
    deny,
  );
  if (tcp === null || pipe === null || udp === null) refuseSockets(isNetworkAllowed);
}

/** For a version of Node whose handles are not found: the classes above them. */
function refuseSockets(isNetworkAllowed: boolean): void {
  replace(net.Server.prototype, ['listen'], refuse('a plugin must not listen'));
  replace(dgram, ['createSocket', 'Socket'], refuse('a plugin must not use datagrams'));
  if (!isNetworkAllowed) replace(net.Socket.prototype, ['connect'], refuse('this plugin has no network'));
}

/** Names of machines are not looked up either: a question to a name server carries data out. */
function cutNames(): void {
  const resolver = prototypeOf(() => handleOf(new dns.Resolver()));
  if (resolver !== null)
    replace(
      resolver,
      Object.getOwnPropertyNames(resolver).filter((name) => name.startsWith('query') || name === 'getHostByAddr'),
      deny,
    );
  const failing = (...given: unknown[]) => {
    const callback = given.at(-1);
    const problem = Object.assign(new Error('this plugin has no network'), { code: 'EACCES', syscall: 'getaddrinfo' });
    if (typeof callback !== 'function') throw problem;
    process.nextTick(callback, problem);
  };
  const rejecting = () =>
    Promise.reject(Object.assign(new Error('this plugin has no network'), { code: 'EACCES', syscall: 'getaddrinfo' }));
  const functions = (owner: object) => Object.keys(owner).filter((name) => /^(lookup|resolve|reverse)/.test(name));
  replace(dns, functions(dns), failing);
  replace(dns.promises, functions(dns.promises), rejecting);
}

/** What reaches other processes, the user that this one runs as, or native code. */
function cutProcess(mayLoadNativeAddons: boolean): void {
  const native = mayLoadNativeAddons ? [] : ['dlopen'];
  const names = [...native, 'kill', '_kill', 'abort', 'binding', '_linkedBinding', '_debugProcess', '_debugEnd', 'execve', 'loadEnvFile'];
  const user = ['setuid', 'seteuid', 'setgid', 'setegid', 'setgroups', 'initgroups', 'chdir', 'umask'];
  replace(process, [...names, ...user], refuse('a plugin must not do that to its process'));
  // It writes files and tells of the machine.
  Object.defineProperty(process, 'report', { value: undefined, writable: false, configurable: false });
}

/** The permission model refuses most of these by itself; the tracing of V8 and the priority of other processes it does not. */
function cutModules(): void {
  const refused = refuse('a plugin must not use this');
  // Some of these are made of others below when they are asked for first.
  for (const [name, functions] of [
    ['node:wasi', ['WASI']],
    ['node:sqlite', ['DatabaseSync', 'backup']],
    ['node:inspector/promises', ['Session']],
  ] as const) {
    replace(builtin(name), functions, refused);
  }
  replace(childProcess, ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'], refused);
  replace(cluster, ['fork', 'setupPrimary', 'setupMaster'], refused);
  replace(workerThreads, ['Worker'], refused);
  replace(inspector, ['open', 'close', 'url', 'waitForDebugger', 'Session'], refused);
  replace(module, ['register', 'registerHooks', 'enableCompileCache'], refused);
  replace(os, ['setPriority'], refused);
  replace(traceEvents, ['createTracing'], refused);
  // Node's own streams make a context of their own the first time that a reader lets go, with what is taken away here.
  new ReadableStream().getReader().releaseLock();
  // Compiled code that a plugin gives is run by V8 without a look; these classes also lead to the native ones above them.
  replace(
    vm,
    Object.keys(vm).filter((name) => name !== 'constants'),
    refused,
  );
  replace(v8, ['setFlagsFromString', 'writeHeapSnapshot', 'setHeapSnapshotNearHeapLimit', 'takeCoverage', 'stopCoverage'], refused);
}

/** The permission model of some versions lets an open file change its rights, its owner and its times. */
async function cutOpenFiles(): Promise<void> {
  const program = process.argv[1];
  if (program === undefined) throw new Error('the process has no program');
  const file = await fs.open(program);
  replace(Object.getPrototypeOf(file) as object, ['chmod', 'chown', 'utimes'], refuse('a plugin must not change a file'));
  await file.close();
}

function builtin(name: string): object | undefined {
  try {
    const loaded: unknown = process.getBuiltinModule(name);
    return typeof loaded === 'object' && loaded !== null ? loaded : undefined;
  } catch {
    // A version of Node that refuses it as a whole.
    return undefined;
  }
}
