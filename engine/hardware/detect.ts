import { type ModelFit, modelFits } from '../plan/model-fits.ts';
import { type Cpu, detectCpu } from './cpu.ts';
import { detectGpus, type Gpu } from './gpus.ts';
import { detectMemory, type Memory } from './memory.ts';
import { listProviders, type Provider } from './providers.ts';

export interface Hardware {
  platform: NodeJS.Platform;
  architecture: string;
  cpu: Cpu;
  memory: Memory;
  /** NVIDIA's. */
  gpus: readonly Gpu[];
  /** Why they could not be asked for; null when they could, or there is no driver. */
  gpuProblem: string | null;
  /** What this build of ONNX Runtime computes on, and what is missing for it. */
  providers: readonly Provider[];
  /** Which sizes of models can be fine-tuned in the memory that is available now. */
  models: readonly ModelFit[];
}

/** What there is to train with. Takes some tens of milliseconds; no device is opened. */
export async function detectHardware(): Promise<Hardware> {
  const [cpu, memory, { gpus, problem }] = await Promise.all([detectCpu(), detectMemory(), detectGpus()]);
  return {
    platform: process.platform,
    architecture: process.arch,
    cpu,
    memory,
    gpus,
    gpuProblem: problem,
    providers: listProviders(),
    models: modelFits(memory.available),
  };
}
