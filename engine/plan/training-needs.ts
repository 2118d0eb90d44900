import { matrixA, matrixB } from '../adapters/lora.ts';
import { sft } from '../methods/sft.ts';
import { families } from '../models/families.ts';
import { countParameters } from '../models/load.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { type Storage, storages, storedBytes, storeWeight } from '../quantization/stored-weight.ts';
import { programMemory, typicalOverhead } from './overhead.ts';
import { stepMemory } from './step-memory.ts';

/** What training takes with one sequence of 512 tokens at a time and gradient checkpointing. */
export interface TrainingNeed {
  /** lora: of rank 8 on all linear layers. */
  trainable: 'lora' | 'full';
  /** How the frozen weights of the linear layers are kept; float32 where all are trained. */
  storage: Storage;
  /** Of the whole process, bytes. */
  memory: number;
  /** The part of it that lies in a GPU's own memory when training runs there, bytes. */
  onDevice: number;
}

const rank = 8;
const length = 512;
/** A trained number, its gradient and AdamW's two running means, in single precision. Bytes. */
const trainedBytes = 4 * 4;

/** What LoRA needs for each form of the frozen weights, estimated from the shapes alone. */
export function loraNeeds(config: ModelConfig): TrainingNeed[] {
  const { parameters, linears, lora, activations, overhead } = wholeModel(config, 'lora');
  return storages.map((storage) =>
    need('lora', storage, linears * linearBytes(storage) + (parameters - linears) * 4 + trainedBytes * lora + activations + overhead),
  );
}

/** What training all weights needs, estimated from the shapes alone. */
export function fullNeed(config: ModelConfig): TrainingNeed {
  const { parameters, activations, overhead } = wholeModel(config, 'full');
  return need('full', 'float32', trainedBytes * parameters + activations + overhead);
}

const need = (trainable: TrainingNeed['trainable'], storage: Storage, memory: number): TrainingNeed => ({
  trainable,
  storage,
  memory: Math.round(memory),
  onDevice: Math.round(memory - programMemory),
});

/** Bytes of a weight in a linear layer, its share of the scales included. */
function linearBytes(storage: Storage): number {
  const width = 512;
  const layer = { name: 'layer', inputs: width, outputs: width, layout: 'out-in' as const };
  const stored = storeWeight(new Float32Array(width * width), layer, { storage });
  return stored ? storedBytes(stored) / (width * width) : 4;
}

interface Needs {
  parameters: number;
  /** Weights of linear layers among them. */
  linears: number;
  lora: number;
  activations: number;
  overhead: number;
}

/** From a first and a second layer: every other one takes as much as the second. */
function wholeModel(config: ModelConfig, trainable: TrainingNeed['trainable']): Needs {
  const few = sliceNeeds({ ...config, layers: 1 }, trainable);
  const more = sliceNeeds({ ...config, layers: 2 }, trainable);
  const whole = (read: (slice: Needs) => number) => read(few) + (read(more) - read(few)) * (config.layers - 1);
  return {
    parameters: whole(({ parameters }) => parameters),
    linears: whole(({ linears }) => linears),
    lora: whole(({ lora }) => lora),
    activations: whole(({ activations }) => activations),
    overhead: whole(({ overhead }) => overhead),
  };
}

/** @param config of a slice: lists with an entry a layer may be longer than it has layers. */
function sliceNeeds(config: ModelConfig, trainable: TrainingNeed['trainable']): Needs {
  const family = families[config.architecture];
  const linears = family.linears(config);
  const parameters = family.parameters(config);
  const tensors = new Map<string, readonly number[]>(
    linears.flatMap(({ name, inputs, outputs }) => [[matrixA(name), [rank, inputs]] as const, [matrixB(name), [outputs, rank]] as const]),
  );
  const adapter = trainable === 'lora' ? { settings: { rank, alpha: 2 * rank }, tensors } : undefined;
  const positions = Math.min(length, config.maxPositions);
  const rows = { batch: 1, length: positions, targets: positions, packed: false };
  const names = [...(adapter ? tensors : parameters).keys()];
  const step = stepMemory({ family, config, adapter, method: sft, gradientCheckpointing: 'layer' }, rows, names);
  return {
    parameters: countParameters(parameters.values()),
    linears: countParameters(linears.map(({ inputs, outputs }) => [inputs, outputs])),
    lora: countParameters(tensors.values()),
    activations: step.activations,
    overhead: typicalOverhead(step),
  };
}
