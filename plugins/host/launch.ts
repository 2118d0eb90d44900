import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import type { PluginLimits } from '../kit/manifest.ts';
import { isThere } from './is-there.ts';

export interface LaunchOptions {
  /** The program to begin with; it is given no arguments. */
  program: string;
  /** Files and folders that may be read, absolute. */
  readable: readonly string[];
  limits: PluginLimits;
  isNetworkAllowed: boolean;
  mayLoadNativeAddons: boolean;
  /** False: namespaces of the kernel are not used, even where the system has them. */
  useNamespaces: boolean;
}

export interface Launch {
  command: string;
  args: string[];
  isolation: 'node' | 'kernel';
}

/** Memory that Node takes for itself while it works, besides what it reserves at its start: stacks of threads, compiled code. MiB. */
const nodeMb = 192;

/** Files and connections at once. */
const openFiles = 256;

const nodeVersion = Number(process.versions.node.split('.')[0]);

/**
 * The command that starts a plugin's process. Around Node, where the system has them, from the outside in: limits of the shell (no core file,
 * no byte written to any file, memory, open files), a signal that ends it when the studio ends, no new rights, and namespaces of the kernel:
 * its own users, processes, messages and, without the network right, its own network with nothing in it.
 */
export async function launch(options: LaunchOptions): Promise<Launch> {
  const node = [process.execPath, ...nodeFlags(options), options.program];
  if (process.platform === 'win32') return { command: process.execPath, args: node.slice(1), isolation: 'node' };
  const tools = process.platform === 'linux' ? await linuxTools() : noTools;
  const unshare = options.useNamespaces ? tools.unshare : undefined;
  const inside = unshare === undefined ? [] : [...unshare, ...(options.isNetworkAllowed ? [] : ['--net']), '--'];
  // The shell itself adds to the environment.
  const script = `${limitsOf(options, tools).join('; ')}; unset PWD OLDPWD; exec "$@"`;
  return {
    command: '/bin/sh',
    args: ['-c', script, 'sh', ...tools.setpriv, ...inside, ...node],
    isolation: unshare === undefined ? 'node' : 'kernel',
  };
}

function nodeFlags({ readable, limits, isNetworkAllowed, mayLoadNativeAddons }: LaunchOptions): string[] {
  return [
    nodeVersion >= 24 ? '--permission' : '--experimental-permission',
    // From this version on Node itself refuses connections that are not allowed.
    ...(nodeVersion >= 25 && isNetworkAllowed ? ['--allow-net'] : []),
    ...readable.map((place) => `--allow-fs-read=${place}`),
    ...(mayLoadNativeAddons ? ['--allow-addons'] : []),
    `--max-old-space-size=${limits.memoryMb}`,
    '--no-warnings',
    '--enable-source-maps',
    // What a plugin throws where nobody catches it ends it, and is reported.
    '--unhandled-rejections=throw',
  ];
}

/** What cannot be limited on this system is left. */
function limitsOf({ limits }: LaunchOptions, { reservedKb }: LinuxTools): string[] {
  const memory = reservedKb === undefined ? [] : [`-d ${(limits.memoryMb + nodeMb) * 1024 + reservedKb}`];
  return ['-c 0', '-f 0', `-n ${openFiles}`, ...memory].map((limit) => `ulimit ${limit} 2>/dev/null`);
}

interface LinuxTools {
  setpriv: string[];
  /** Undefined: no namespace can be made here. */
  unshare: string[] | undefined;
  /** What the limit of memory counts in a Node that does nothing: V8 reserves room for code. KiB; undefined: not known. */
  reservedKb: number | undefined;
}

const noTools: LinuxTools = { setpriv: [], unshare: undefined, reservedKb: undefined };

let probed: Promise<LinuxTools> | undefined;

/** What works on this machine, tried once. */
const linuxTools = (): Promise<LinuxTools> => (probed ??= probe());

async function probe(): Promise<LinuxTools> {
  const setpriv = await find('setpriv');
  const unshare = await find('unshare');
  const ending = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--no-new-privs'];
  const spaces = unshare === undefined ? [] : [unshare, '--user', '--ipc', '--uts', '--pid', '--fork', '--kill-child'];
  const [mayEnd, maySpace, reservedKb] = await Promise.all([
    ending.length > 0 && works(ending),
    spaces.length > 0 && works([...spaces, '--net']),
    measureReserved(),
  ]);
  return { setpriv: mayEnd ? ending : [], unshare: maySpace ? spaces : undefined, reservedKb };
}

async function measureReserved(): Promise<number | undefined> {
  const program = "process.stdout.write(require('node:fs').readFileSync('/proc/self/status', 'utf8'))";
  const asked = promisify(execFile)(process.execPath, ['-e', program], { timeout: 20_000, env: {} });
  const status = await asked.then(
    ({ stdout }) => stdout,
    () => '',
  );
  const found = /^VmData:\s+(\d+) kB$/m.exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
}

async function find(name: string): Promise<string | undefined> {
  for (const place of [`/usr/bin/${name}`, `/bin/${name}`]) {
    if (await isThere(place)) return place;
  }
  return undefined;
}

const works = ([command = '', ...args]: string[]): Promise<boolean> =>
  promisify(execFile)(command, [...args, '/bin/true'], { timeout: 20_000, env: {} }).then(
    () => true,
    () => false,
  );
