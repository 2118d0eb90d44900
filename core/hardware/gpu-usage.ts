import { execFile } from 'node:child_process';

/** How busy a GPU is. Null: the GPU does not tell. */
export interface GpuUsage {
  /** The number that `CUDA_VISIBLE_DEVICES` takes. */
  index: number;
  name: string;
  /** Share of the time in which it computed, 0 to 1. */
  usage: number | null;
  /** Bytes. */
  memory: number | null;
  /** Bytes. */
  usedMemory: number | null;
  /** °C. */
  temperature: number | null;
  /** Watts. */
  power: number | null;
}

const fields = ['index', 'name', 'utilization.gpu', 'memory.total', 'memory.used', 'temperature.gpu', 'power.draw'];

/** Milliseconds. */
const patience = 5000;

/**
 * How busy NVIDIA's GPUs are, through `nvidia-smi` (https://docs.nvidia.com/deploy/nvidia-smi). None while it does not answer.
 * @param environment whose PATH it is looked for in
 * @returns undefined where it is not installed
 */
export function readGpuUsage(environment: NodeJS.ProcessEnv = process.env): Promise<GpuUsage[] | undefined> {
  const query = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'];
  return new Promise((resolve) => {
    execFile('nvidia-smi', query, { env: environment, timeout: patience, windowsHide: true }, (error, output) => {
      if (error?.code === 'ENOENT') resolve(undefined);
      else resolve(error ? [] : output.split('\n').flatMap(readLine));
    });
  });
}

/** Percent, MiB, °C and W; `[N/A]` where a GPU cannot tell. */
function readLine(line: string): GpuUsage[] {
  const [index = '', name = '', usage, total, used, temperature, power] = line.split(',').map((value) => value.trim());
  if (!/^\d+$/.test(index) || name === '') return [];
  return [
    {
      index: Number(index),
      name,
      usage: scaled(usage, 1 / 100),
      memory: scaled(total, 2 ** 20),
      usedMemory: scaled(used, 2 ** 20),
      temperature: scaled(temperature, 1),
      power: scaled(power, 1),
    },
  ];
}

const scaled = (value: string | undefined, factor: number): number | null =>
  value !== undefined && /^\d+(\.\d+)?$/.test(value) ? Number(value) * factor : null;
