import { families } from '../models/families.ts';
import type { LlamaConfig } from '../models/llama.ts';
import { countParameters } from '../models/load.ts';
import type { Storage } from '../quantization/stored-weight.ts';
import { loraNeeds } from './training-needs.ts';

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

/**
 * Which sizes of models can be fine-tuned in so much memory.
 * @param available bytes
 */
export const modelFits = (available: number): ModelFit[] =>
  sizes.flatMap(([name, shape]) => {
    const config = llamaConfig(shape);
    const parameters = countParameters(families.llama.parameters(config).values());
    return loraNeeds(config).map(({ storage, memory }) => ({ name, parameters, storage, memory, fits: memory <= available }));
  });

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
