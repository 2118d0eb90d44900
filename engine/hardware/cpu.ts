import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';

/** Instructions that decide how fast matrix products are. */
export type CpuFeature = 'AVX2' | 'AVX-512' | 'VNNI' | 'BF16' | 'AMX' | 'NEON' | 'DOTPROD' | 'I8MM' | 'SVE' | 'SME';

export interface Cpu {
  model: string;
  /** Null where the system does not tell. */
  physicalCores: number | null;
  /** Threads that this process may run at the same time. */
  logicalCores: number;
  /** Empty where the system does not tell (Windows). */
  features: readonly CpuFeature[];
}

type Names = readonly (readonly [CpuFeature, ...string[]])[];

/** What /proc/cpuinfo calls them: `flags` on x86 and `Features` on ARM. */
const linuxNames: Names = [
  ['AVX2', 'avx2'],
  ['AVX-512', 'avx512f'],
  ['VNNI', 'avx512_vnni', 'avx_vnni'],
  ['BF16', 'avx512_bf16', 'amx_bf16', 'bf16'],
  ['AMX', 'amx_tile'],
  ['NEON', 'asimd', 'neon'],
  ['DOTPROD', 'asimddp'],
  ['I8MM', 'i8mm'],
  ['SVE', 'sve'],
  ['SME', 'sme'],
];

/** Keys of sysctl on macOS whose value is 1 where the feature is there. */
const macNames: Names = [
  ['AVX2', 'hw.optional.avx2_0'],
  ['AVX-512', 'hw.optional.avx512f'],
  ['VNNI', 'hw.optional.avx512vnni'],
  ['BF16', 'hw.optional.arm.FEAT_BF16'],
  ['NEON', 'hw.optional.neon', 'hw.optional.AdvSIMD', 'hw.optional.arm.AdvSIMD'],
  ['DOTPROD', 'hw.optional.arm.FEAT_DotProd'],
  ['I8MM', 'hw.optional.arm.FEAT_I8MM'],
  ['SME', 'hw.optional.arm.FEAT_SME'],
];

const present = (has: (name: string) => boolean, names: Names): CpuFeature[] =>
  names.flatMap(([feature, ...keys]) => (keys.some(has) ? [feature] : []));

/** @param text of /proc/cpuinfo (proc(5)) */
export function readCpuInfo(text: string): { model: string | null; physicalCores: number | null; features: readonly CpuFeature[] } {
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'im').exec(text)?.[1]?.trim() ?? null;
  const flags = new Set((field('flags') ?? field('features') ?? '').split(/\s+/));
  const cores = new Set<string>();
  let socket = '0';
  for (const [, name, value] of text.matchAll(/^(physical id|core id)\s*: (\d+)$/gm)) {
    if (name === 'physical id') socket = value ?? '';
    else cores.add(`${socket}:${value ?? ''}`);
  }
  return { model: field('model name'), physicalCores: cores.size || null, features: present((name) => flags.has(name), linuxNames) };
}

/** @param text of `sysctl hw machdep.cpu` on macOS: a line `key: value` for each setting. */
export function readSysctl(text: string): { model: string | null; physicalCores: number | null; features: readonly CpuFeature[] } {
  const values = new Map(Array.from(text.matchAll(/^([\w.]+): (.*)$/gm), ([, key = '', value = '']) => [key, value.trim()]));
  return {
    model: values.get('machdep.cpu.brand_string') ?? null,
    physicalCores: Number(values.get('hw.physicalcpu')) || null,
    features: present((name) => values.get(name) === '1', macNames),
  };
}

/** The processor of this machine. */
export async function detectCpu(): Promise<Cpu> {
  const told = (await ask()) ?? { model: null, physicalCores: null, features: [] };
  // Every 64-bit ARM processor has it.
  const features: readonly CpuFeature[] = process.arch === 'arm64' ? [...new Set<CpuFeature>(['NEON', ...told.features])] : told.features;
  const model = told.model ?? os.cpus()[0]?.model.trim() ?? '';
  return { model: model || process.arch, physicalCores: told.physicalCores, logicalCores: os.availableParallelism(), features };
}

async function ask(): Promise<ReturnType<typeof readCpuInfo> | null> {
  try {
    if (process.platform === 'linux') return readCpuInfo(await fs.readFile('/proc/cpuinfo', 'utf8'));
    if (process.platform === 'darwin')
      return readSysctl((await promisify(execFile)('sysctl', ['hw', 'machdep.cpu'], { timeout: 2000 })).stdout);
  } catch {
    // What Node tells has to do.
  }
  return null;
}
