import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { sameJson } from './same-json.ts';

export interface SandboxLimits {
  /** For all tests of a task together. */
  timeLimitMs: number;
  /** Heap of the JavaScript engine inside, in bytes. */
  memoryLimitBytes: number;
}

export interface SandboxTest {
  args: readonly unknown[];
  /** Plain JSON. */
  expected: unknown;
}

export interface TestFailure {
  /** Place of the test in the list, from 0. */
  test: number;
  /** What the call gave; absent when it gave nothing. */
  actual?: unknown;
  message: string;
}

export interface TaskResult {
  /** Whether every test passed. */
  passed: boolean;
  failures: TestFailure[];
  /** Why no test could be run: the code does not load, there is no such function, a limit was hit. */
  error?: string;
}

const defaultLimits: SandboxLimits = { timeLimitMs: 2000, memoryLimitBytes: 32 * 1024 * 1024 };

/** Time that a task gets beyond its limit to be stopped from inside, before its thread is ended. */
const graceMs = 500;
const longestCode = 100_000;

const replySchema = z.object({
  error: z.string().optional(),
  results: z.array(z.object({ json: z.string().optional(), error: z.string().optional() })),
});
type Reply = z.output<typeof replySchema>;

/**
 * Runs JavaScript that nobody has read. It runs in QuickJS compiled to WebAssembly, in a fresh runtime a task, with no host
 * function: no file system, no network, no clock to wait on, no modules. Time, memory and stack are limited from inside.
 *
 * A thread of its own is around it for what cannot be stopped from inside: built-in functions that loop without asking the
 * interrupt handler (`Array.prototype.indexOf` on a huge fake array), and traps of the WebAssembly module itself. Such a
 * thread is ended and the next task gets a new one. A process is not needed: neither reaches beyond the thread.
 */
export class Sandbox {
  #worker: Promise<Worker> | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  /**
   * Calls `entryPoint` of the code once for each test and compares the results with what is expected, out here.
   * Tasks run one after the other.
   */
  runTask(code: string, entryPoint: string, tests: readonly SandboxTest[], limits: Partial<SandboxLimits> = {}): Promise<TaskResult> {
    const result = this.#queue.then(() => this.#run(code, entryPoint, tests, { ...defaultLimits, ...limits }));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#queue;
    await this.#stop();
  }

  async #run(code: string, entryPoint: string, tests: readonly SandboxTest[], limits: SandboxLimits): Promise<TaskResult> {
    if (!/^[A-Za-z_$][\w$]*$/.test(entryPoint)) return failed(`${JSON.stringify(entryPoint)} is not the name of a function`);
    if (code.length > longestCode) return failed(`the code is too long: ${code.length} characters`);
    const worker = await (this.#worker ??= startWorker());
    const reply = await ask(worker, { code, entryPoint, calls: tests.map(({ args }) => JSON.stringify(args)), ...limits });
    if ('lost' in reply) {
      await this.#stop();
      return failed(reply.lost);
    }
    if (reply.error !== undefined) return failed(reply.error);
    const failures = tests.flatMap(({ expected }, test): TestFailure[] => {
      const outcome = reply.results[test];
      if (outcome?.json === undefined) return [{ test, message: outcome?.error ?? 'no result' }];
      const actual: unknown = JSON.parse(outcome.json);
      return sameJson(actual, expected) ? [] : [{ test, actual, message: `expected ${brief(expected)}, got ${brief(actual)}` }];
    });
    return { passed: failures.length === 0 && tests.length > 0, failures };
  }

  async #stop(): Promise<void> {
    const worker = await this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

const failed = (error: string): TaskResult => ({ passed: false, failures: [], error });

const brief = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
};

/** The environment and flags of this process stay outside. */
async function startWorker(): Promise<Worker> {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { execArgv: [], env: {} });
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  worker.unref();
  return worker;
}

function ask(
  worker: Worker,
  job: SandboxLimits & { code: string; entryPoint: string; calls: string[] },
): Promise<Reply | { lost: string }> {
  return new Promise((resolve) => {
    const settle = (reply: Reply | { lost: string }): void => {
      clearTimeout(timer);
      worker.off('message', answered).off('error', broken).off('exit', ended).unref();
      resolve(reply);
    };
    const answered = (message: unknown): void => settle(replySchema.parse(message));
    const broken = (error: unknown): void =>
      settle({ lost: `the sandbox broke: ${error instanceof Error ? error.message : String(error)}` });
    const ended = (): void => settle({ lost: 'the sandbox ended' });
    const timer = setTimeout(() => settle({ lost: `took longer than ${job.timeLimitMs} ms` }), job.timeLimitMs + graceMs);
    worker.on('message', answered).on('error', broken).on('exit', ended).ref();
    worker.postMessage(job);
  });
}
