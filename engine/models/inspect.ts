import path from 'node:path';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import { openModelWeights } from '../weights/model-weights.ts';
import type { SafetensorsDtype } from '../weights/safetensors-header.ts';
import { checkTokenizer } from './check-tokenizer.ts';
import { findTensor } from './find-tensor.ts';
import { families } from './families.ts';
import { countParameters } from './load.ts';
import { readModelConfig } from './model-config.ts';

export interface ModelSummary {
  /** Folder name. */
  name: string;
  folder: string;
  architecture: string;
  parameters: number;
  /** Size of the weight files. */
  bytes: number;
  layers: number;
  vocabularySize: number;
  /** Longest sequence, in tokens. */
  maxPositions: number;
  /** Type that most of the weights are stored in: `BF16`. */
  dtype: SafetensorsDtype;
  hasChatTemplate: boolean;
}

/**
 * Checks that a model folder can be trained and says what it is, without reading the weights themselves.
 * @throws EngineError as `loadModel`, and TOKENIZER_BROKEN.
 */
export async function inspectModel(folder: string): Promise<ModelSummary> {
  const config = await readModelConfig(folder);
  const family = families[config.architecture];
  const shapes = family.parameters(config);
  const weights = await openModelWeights(folder);
  try {
    const stored = new Map<SafetensorsDtype, number>();
    for (const [name, shape] of shapes) {
      const dtype = weights.dtype(findTensor(folder, weights, name, shape, family.prefix));
      stored.set(dtype, (stored.get(dtype) ?? 0) + countParameters([shape]));
    }
    const [most] = [...stored].sort(([, a], [, b]) => b - a);
    const tokenizer = await loadTokenizer(folder);
    checkTokenizer(folder, tokenizer, config);
    return {
      name: path.basename(folder),
      folder,
      architecture: config.architecture,
      parameters: countParameters(shapes.values()),
      bytes: weights.bytes,
      layers: config.layers,
      vocabularySize: config.vocabularySize,
      maxPositions: config.maxPositions,
      dtype: most?.[0] ?? 'F32',
      hasChatTemplate: tokenizer.hasChatTemplate,
    };
  } finally {
    await weights.close();
  }
}
