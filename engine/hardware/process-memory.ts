import { execFile } from 'node:child_process';
import type { Device } from './device.ts';

/** How old a figure may get. Asking the driver takes a part of a second. Milliseconds. */
const askAgainAfter = 10_000;
/** Milliseconds. */
const patience = 5000;

/** The memory that this process has on the GPUs, asked for now and then, beside the work. */
export class DeviceMemory {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #isKnown: boolean;
  #bytes: number | undefined;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;

  /**
   * @param device only the drivers of CUDA tell.
   * @param environment whose PATH `nvidia-smi` is looked for in
   */
  constructor(device: Device, environment: NodeJS.ProcessEnv = process.env) {
    this.#isKnown = device === 'cuda';
    this.#environment = environment;
  }

  /** The newest figure in bytes; undefined while there is none. */
  read(): number | undefined {
    if (this.#isKnown && !this.#asking && performance.now() - this.#askedAt > askAgainAfter) {
      this.#askedAt = performance.now();
      this.#asking = this.#ask().finally(() => (this.#asking = undefined));
    }
    return this.#bytes;
  }

  /** Waits for the answer that is under way. */
  async settled(): Promise<void> {
    await this.#asking;
  }

  #ask(): Promise<void> {
    const query = ['--query-compute-apps=pid,used_gpu_memory', '--format=csv,noheader,nounits'];
    return new Promise((resolve) => {
      execFile('nvidia-smi', query, { env: this.#environment, timeout: patience, windowsHide: true }, (error, output) => {
        this.#bytes = error ? undefined : memoryOf(process.pid, output);
        resolve();
      });
    });
  }
}

/** Sum over all GPUs; undefined where the process is not named, as in a container that numbers its processes for itself. */
function memoryOf(pid: number, output: string): number | undefined {
  const mebibytes = output
    .split('\n')
    .map((line) => line.split(',').map(Number))
    .filter(([found, used]) => found === pid && used !== undefined && Number.isFinite(used))
    .map(([, used = 0]) => used);
  return mebibytes.length === 0 ? undefined : mebibytes.reduce((sum, used) => sum + used, 0) * 2 ** 20;
}
