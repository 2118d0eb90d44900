import { matrixA, matrixB } from '../adapters/lora.ts';
import { sft } from '../methods/sft.ts';
import { families } from '../models/families.ts';
import type { LlamaConfig } from '../models/llama.ts';
import { countParameters } from '../models/load.ts';
import { type Storage, storages, storedBytes, storeWeight } from '../quantization/stored-weight.ts';
import { typicalOverhead } from './overhead.ts';
import { stepMemory } from './step-memory.ts';

export interface ModelFit {
  /** A model that many know. */
  name: string;
  parameters: number;
  /** How the frozen weights of the linear layers are kept. */
  storage: Storage;
  /** What training it needs, bytes: LoRA of rank 8 on all linear layers, one sequence of 512 tokens at a time,
   * with gradient checkpointing. */
  memory: number;
  fits: boolean;
}

type Size = Pick<
  LlamaConfig,
  'vocabularySize' | 'hiddenSize' | 'intermediateSize' | 'layers' | 'attentionHeads' | 'keyValueHeads' | 'headSize' | 'tiedEmbeddings'
>;

const size = (
  vocabularySize: number,
  [hiddenSize, intermediateSize, layers]: readonly [number, number, number],
  [attentionHeads, keyValueHeads, headSize]: readonly [number, number, number],
  tiedEmbeddings: boolean,
): Size => ({ vocabularySize, hiddenSize, intermediateSize, layers, attentionHeads, keyValueHeads, headSize, tiedEmbeddings });

/** As their config.json files have it. */
const sizes: readonly (readonly [name: string, size: Size])[] = [
  ['SmolLM2 135M', size(49152, [576, 1536, 30], [9, 3, 64], true)],
  ['SmolLM2 360M', size(49152, [960, 2560, 32], [15, 5, 64], true)],
  ['TinyLlama 1.1B', size(32000, [2048, 5632, 22], [32, 4, 64], false)],
  ['SmolLM2 1.7B', size(49152, [2048, 8192, 24], [32, 32, 64], true)],
  ['Llama 3.2 3B', size(128256, [3072, 8192, 28], [24, 8, 128], true)],
  ['Llama 2 7B', size(32000, [4096, 11008, 32], [32, 32, 128], false)],
  ['Llama 3.1 8B', size(128256, [4096, 14336, 32], [32, 8, 128], false)],
];

const rank = 8;
const length = 512;

/**
 * Which sizes of models can be fine-tuned in so much memory.
 * @param available bytes
 */
export const modelFits = (available: number): ModelFit[] =>
  sizes.flatMap(([name, shape]) => {
    const few = sliceNeeds(shape, 1);
    const more = sliceNeeds(shape, 2);
    const whole = (read: (slice: SliceNeeds) => number) => read(few) + (read(more) - read(few)) * (shape.layers - 1);
    const parameters = whole((slice) => slice.parameters);
    const linears = whole((slice) => slice.linears);
    // The matrices, their gradients and AdamW's two running means, in single precision.
    const beside = 4 * 4 * whole(({ lora }) => lora) + whole(({ activations }) => activations) + whole(({ overhead }) => overhead);
    return storages.map((storage) => {
      const memory = Math.round(linears * linearBytes(storage) + (parameters - linears) * 4 + beside);
      return { name, parameters, storage, memory, fits: memory <= available };
    });
  });

/** Bytes of a weight in a linear layer, its share of the scales included. */
function linearBytes(storage: Storage): number {
  const width = 512;
  const layer = { name: 'layer', inputs: width, outputs: width, layout: 'out-in' as const };
  const stored = storeWeight(new Float32Array(width * width), layer, { storage });
  return stored ? storedBytes(stored) / (width * width) : 4;
}

interface SliceNeeds {
  parameters: number;
  /** Weights of linear layers among them. */
  linears: number;
  lora: number;
  activations: number;
  overhead: number;
}

function sliceNeeds(shape: Size, layers: number): SliceNeeds {
  const config = llamaConfig({ ...shape, layers });
  const family = families.llama;
  const linears = family.linears(config);
  const tensors = new Map<string, readonly number[]>(
    linears.flatMap(({ name, inputs, outputs }) => [[matrixA(name), [rank, inputs]] as const, [matrixB(name), [outputs, rank]] as const]),
  );
  const adapter = { settings: { rank, alpha: 2 * rank }, tensors };
  const rows = { batch: 1, length, targets: length, packed: false };
  const step = stepMemory({ family, config, adapter, method: sft, gradientCheckpointing: 'layer' }, rows, [...tensors.keys()]);
  return {
    parameters: countParameters(family.parameters(config).values()),
    linears: countParameters(linears.map(({ inputs, outputs }) => [inputs, outputs])),
    lora: countParameters(tensors.values()),
    activations: step.activations,
    overhead: typicalOverhead(step),
  };
}

export const llamaConfig = (shape: Size): LlamaConfig => ({
  ...shape,
  architecture: 'llama',
  maxPositions: 2048,
  rmsNormEpsilon: 1e-5,
  ropeTheta: 10_000,
  ropeScaling: null,
  attentionBias: false,
  outputBias: false,
  mlpBias: false,
  queryKeyNorm: false,
  windows: Array.from({ length: shape.layers }, () => null),
  rotaryLayers: Array.from({ length: shape.layers }, () => true),
  bosTokenId: null,
  eosTokenIds: [],
  padTokenId: null,
  torchDtype: null,
  raw: {},
});
