import { execFile } from 'node:child_process';

/** A GPU as its driver describes it. */
export interface Gpu {
  /** The number that `CUDA_VISIBLE_DEVICES` takes. */
  index: number;
  name: string;
  /** Bytes; null where the GPU has no memory of its own. */
  memory: number | null;
  availableMemory: number | null;
  driver: string;
}

export interface Gpus {
  gpus: readonly Gpu[];
  /** Why nvidia-smi is there and could not answer. */
  problem: string | null;
}

const fields = ['index', 'name', 'memory.total', 'memory.free', 'driver_version'] as const;

/** Long enough for a driver that has to wake its GPUs. Milliseconds. */
const patience = 10_000;

/**
 * NVIDIA's GPUs, through `nvidia-smi` (https://docs.nvidia.com/deploy/nvidia-smi). None where it is not installed.
 * @param environment whose PATH it is looked for in
 */
export function detectGpus(environment: NodeJS.ProcessEnv = process.env): Promise<Gpus> {
  const query = [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'];
  return new Promise((resolve) => {
    execFile('nvidia-smi', query, { env: environment, timeout: patience, windowsHide: true }, (error, output, complaint) => {
      if (!error) return resolve({ gpus: output.split('\n').flatMap(readLine), problem: null });
      if (error.code === 'ENOENT') return resolve({ gpus: [], problem: null });
      const said = `${output}${complaint}`.trim().replace(/\s+/g, ' ');
      resolve({ gpus: [], problem: error.killed ? 'nvidia-smi did not answer.' : said || error.message });
    });
  });
}

/** Memory is in MiB; `[N/A]` where a GPU cannot tell. */
function readLine(line: string): Gpu[] {
  const [index = '', name = '', total = '', free = '', driver = ''] = line.split(',').map((value) => value.trim());
  if (!/^\d+$/.test(index) || name === '') return [];
  const bytes = (mebibytes: string) => (/^\d+$/.test(mebibytes) ? Number(mebibytes) * 2 ** 20 : null);
  return [{ index: Number(index), name, memory: bytes(total), availableMemory: bytes(free), driver }];
}
