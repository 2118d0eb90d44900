import { detectCpu } from '../hardware/cpu.ts';
import type { Device } from '../hardware/device.ts';
import { detectGpus } from '../hardware/gpus.ts';
import { detectMemory } from '../hardware/memory.ts';
import { listProviders } from '../hardware/providers.ts';
import { readModelConfig } from '../models/model-config.ts';
import { fullNeed, loraNeeds, type TrainingNeed } from './training-needs.ts';

/** What of a model can be trained on a device of this machine. */
export interface DeviceFit {
  device: Extract<Device, 'cpu' | 'cuda'>;
  /** Of the processor or the GPU. */
  name: string;
  /** Which of the GPUs, as `CUDA_VISIBLE_DEVICES` counts them; null for the processor. */
  index: number | null;
  /** Memory that is free now, bytes. */
  available: number;
  /** Why it cannot be trained on, whatever its memory, and what to do; null: it can. */
  missing: string | null;
  methods: readonly (Pick<TrainingNeed, 'trainable' | 'storage'> & {
    /** Estimated peak on this device, bytes. */
    memory: number;
    fits: boolean;
  })[];
}

/**
 * Which ways of training a model fit into the memory of the processor and of each GPU, estimated from the shapes in config.json:
 * nothing is measured and no weight is read. `plan` says it more closely for a configuration.
 * @throws EngineError as `readModelConfig`
 */
export async function deviceFits(folder: string): Promise<DeviceFit[]> {
  const [config, cpu, memory, { gpus }] = await Promise.all([readModelConfig(folder), detectCpu(), detectMemory(), detectGpus()]);
  const needs = [...loraNeeds(config), fullNeed(config)];
  const methods = (available: number, bytes: (need: TrainingNeed) => number) =>
    needs.map((need) => {
      const { trainable, storage } = need;
      return { trainable, storage, memory: bytes(need), fits: bytes(need) <= available };
    });
  const cuda = listProviders().find(({ device }) => device === 'cuda');
  const missing = cuda ? cuda.missing : 'ONNX Runtime has no CUDA on this platform';
  return [
    {
      device: 'cpu',
      name: cpu.model,
      index: null,
      available: memory.available,
      missing: null,
      methods: methods(memory.available, (need) => need.memory),
    },
    ...gpus.flatMap(({ name, index, availableMemory: available }): DeviceFit[] =>
      // Without memory of its own it shares the machine's.
      available === null ? [] : [{ device: 'cuda', name, index, available, missing, methods: methods(available, (need) => need.onDevice) }],
    ),
  ];
}
