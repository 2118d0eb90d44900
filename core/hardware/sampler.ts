import fs from 'node:fs/promises';
import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { detectMemory } from '@anneal/engine';
import { CpuUsage } from './cpu-usage.ts';
import { type GpuUsage, readGpuUsage } from './gpu-usage.ts';

/** How busy the machine is. */
export interface HardwareSample {
  time: Date;
  /** Share of the time in which each core computed since the sample before, 0 to 1. */
  cores: number[];
  /** Processes that computed or waited to, on average over 1, 5 and 15 minutes; zeros on Windows. */
  loadAverage: number[];
  /** Main memory in bytes, as far as this process may use it. */
  memory: { total: number; available: number };
  /** The file system of the data folder, in bytes. */
  disk: { total: number; available: number };
  /** Resident memory of the server itself, in bytes. */
  serverMemory: number;
  /** NVIDIA's. */
  gpus: GpuUsage[];
}

export interface SamplerOptions {
  dataFolder: string;
  /** Whose PATH `nvidia-smi` is looked for in. */
  environment?: NodeJS.ProcessEnv;
}

/** The processor is observed for so long before the first sample. Milliseconds. */
const firstLook = 200;
/** Two who ask within this time get the same sample. Milliseconds. */
const freshness = 500;

/** Measures the machine, once for all who ask at about the same time. Nothing is measured while nobody asks. */
export class Sampler {
  readonly #options: SamplerOptions;
  #cpu: CpuUsage | undefined;
  #sampling: Promise<HardwareSample> | undefined;
  #latest: HardwareSample | undefined;
  #hasGpus = true;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  /** The last sample if it is younger than half a second, or a new one. */
  async sample(): Promise<HardwareSample> {
    if (this.#latest && Date.now() - this.#latest.time.getTime() < freshness) return this.#latest;
    return (this.#sampling ??= this.#take().finally(() => (this.#sampling = undefined)));
  }

  async #take(): Promise<HardwareSample> {
    const { dataFolder } = this.#options;
    if (!this.#cpu) {
      this.#cpu = new CpuUsage();
      await setTimeout(firstLook);
    }
    const [memory, disk, gpus] = await Promise.all([detectMemory(), fs.statfs(dataFolder), this.#gpus()]);
    this.#latest = {
      time: new Date(),
      cores: this.#cpu.read(),
      loadAverage: os.loadavg(),
      memory: { total: memory.total, available: memory.available },
      disk: { total: disk.blocks * disk.bsize, available: disk.bavail * disk.bsize },
      serverMemory: process.memoryUsage.rss(),
      gpus,
    };
    return this.#latest;
  }

  async #gpus(): Promise<GpuUsage[]> {
    if (!this.#hasGpus) return [];
    const gpus = await readGpuUsage(this.#options.environment);
    this.#hasGpus = gpus !== undefined;
    return gpus ?? [];
  }
}
