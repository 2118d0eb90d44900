import path from 'node:path';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import { openModelWeights } from '../weights/model-weights.ts';
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
    for (const [name, shape] of shapes) findTensor(folder, weights, name, shape, family.prefix);
    checkTokenizer(folder, await loadTokenizer(folder), config);
    return {
      name: path.basename(folder),
      folder,
      architecture: config.architecture,
      parameters: countParameters(shapes.values()),
      bytes: weights.bytes,
      layers: config.layers,
      vocabularySize: config.vocabularySize,
      maxPositions: config.maxPositions,
    };
  } finally {
    await weights.close();
  }
}
