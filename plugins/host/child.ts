import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import type { Duplex, Readable } from 'node:stream';
import { Budget } from './budget.ts';
import type { Launch } from './launch.ts';
import { LineTooLong, Lines } from './lines.ts';
import type { LineGate } from './line-gate.ts';
import { type FromPlugin, longestText, type ToPlugin } from './messages.ts';
import type { Ending } from './plugin-failure.ts';
import type { PluginLogLine } from './types.ts';

export interface ChildOptions {
  launch: Launch;
  folder: string;
  /** What is read of what it sends. */
  gate: LineGate;
  onMessage(message: FromPlugin): void;
  onOutput(line: PluginLogLine): void;
  onEnd(ending: Ending): void;
}

/** Standard output and error together: so many bytes a second, and at once. */
const output = { bytesASecond: 256 * 1024, bytesAtOnce: 4 * 1024 * 1024 };
/** Lines of it that are passed on; others are left out, and their number told. */
const outputLines = { perSecond: 100, atOnce: 1000 };
/** What waits to be read by the process, bytes. */
const longestQueue = 256 * 1024 * 1024;

/** One process of a plugin, from its start to its end. Everything that comes from it is checked and limited here. */
export class Child {
  readonly #options: ChildOptions;
  readonly #process: ChildProcess;
  readonly #channel: Duplex;
  /** The end of the standard error, which says why Node itself gave up. */
  #lastWords = '';
  #ending: Ending | undefined;

  constructor(options: ChildOptions) {
    this.#options = options;
    const { command, args } = options.launch;
    this.#process = spawn(command, args, {
      cwd: options.folder,
      env: process.platform === 'win32' ? { SYSTEMROOT: process.env.SYSTEMROOT } : {},
      // A session of its own: signals to "its group" reach nobody else.
      detached: process.platform !== 'win32',
      // Node's own channel between processes would crash the studio on some messages: this one is a plain pipe.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const [, , , channel] = this.#process.stdio;
    if (!isDuplex(channel)) throw new Error('the process has no channel');
    this.#channel = channel;
    this.#readChannel();
    this.#readOutput();
    this.#process.on('error', (error) => this.#end({ code: 'START_FAILED', message: `cannot be started: ${error.message}` }));
    // What it wrote last may come after its end.
    this.#process.on('exit', (code, signal) => setTimeout(() => this.#end(this.#exit(code, signal)), 200));
    this.#process.on('close', (code, signal) => this.#end(this.#exit(code, signal)));
  }

  get pid(): number | null {
    return this.#process.pid ?? null;
  }

  send(message: ToPlugin): void {
    if (this.#ending !== undefined) return;
    this.#channel.write(`${JSON.stringify(message)}\n`);
    if (this.#channel.writableLength > longestQueue) this.end({ code: 'NOT_RESPONDING', message: 'does not read what it is sent' });
  }

  /** Ends the process at once, for a reason. */
  end(ending: Ending): void {
    this.#end(ending);
    const { pid } = this.#process;
    if (pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    if (process.platform === 'win32') this.#process.kill('SIGKILL');
    else killGroup(pid);
  }

  /** Resolves when the process is gone. */
  async gone(): Promise<void> {
    if (this.#process.pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    await new Promise((resolve) => this.#process.once('exit', resolve));
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#channel.destroy();
    this.#process.stdout?.destroy();
    this.#process.stderr?.destroy();
    this.#options.onEnd(ending);
  }

  #exit(code: number | null, signal: NodeJS.Signals | null): Ending {
    if (/heap out of memory|allocation failed|out of memory/i.test(this.#lastWords)) {
      return { code: 'MEMORY', message: 'needed more memory than its limit' };
    }
    const how = signal === null ? `with code ${code ?? 'unknown'}` : `by ${signal}`;
    const words = this.#lastWords.trim();
    return { code: 'EXITED', message: `ended its process (${how})${words === '' ? '' : `; its last words: ${words.slice(-500)}`}` };
  }

  #readChannel(): void {
    const lines = new Lines(this.#options.gate.longest);
    this.#channel.on('data', (data: Buffer) => {
      try {
        for (const line of lines.take(data)) if (this.#ending === undefined) this.#take(line);
      } catch (error) {
        if (!(error instanceof LineTooLong)) throw error;
        this.end({ code: 'RESULT_TOO_LARGE', message: `sent ${error.message} on its channel` });
      }
    });
    // Its end is told by the process's exit; a plugin that closes the channel and stays is ended.
    this.#channel.on('error', () => undefined);
    this.#channel.on('end', () => setTimeout(() => this.end({ code: 'EXITED', message: 'closed its channel' }), 500).unref());
  }

  #take(line: string): void {
    const read = this.#options.gate.read(line);
    if ('ending' in read) this.end(read.ending);
    else this.#options.onMessage(read.message);
  }

  #readOutput(): void {
    const bytes = new Budget(output.bytesASecond, output.bytesAtOnce);
    const lines = new Budget(outputLines.perSecond, outputLines.atOnce);
    const { stdout, stderr } = this.#process;
    const read = (stream: Readable | null, level: 'info' | 'warn'): void => {
      stream?.on('error', () => undefined);
      stream?.on('data', (data: Buffer) => {
        const text = data.toString('utf8');
        if (level === 'warn') this.#lastWords = `${this.#lastWords}${text}`.slice(-2000);
        if (!bytes.take(data.length)) return this.end({ code: 'OUTPUT_FLOOD', message: 'flooded its standard output' });
        for (const line of text.split('\n')) {
          if (line.trim() !== '' && lines.take(1)) this.#options.onOutput({ level, message: line.slice(0, longestText) });
        }
      });
    };
    read(stdout, 'info');
    read(stderr, 'warn');
  }
}

function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It is gone.
    }
  }
}

const isDuplex = (stream: unknown): stream is Duplex =>
  typeof stream === 'object' && stream !== null && 'write' in stream && 'on' in stream && 'destroy' in stream;
