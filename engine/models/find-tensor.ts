import { EngineError } from '../errors.ts';
import { sameShape } from '../graph/types.ts';
import type { ModelWeights } from '../weights/model-weights.ts';

/**
 * The name under which a tensor of the model is stored: its own, or without the prefix where the model was saved without its
 * output projection, as the first GPT-2 was.
 * @throws EngineError MODEL_BROKEN unless it is there with the shape that config.json calls for.
 */
export function findTensor(
  folder: string,
  file: Pick<ModelWeights, 'has' | 'shape'>,
  name: string,
  expected: readonly number[],
  prefix: string,
): string {
  const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const stored = [name, bare].find((candidate) => file.has(candidate));
  if (stored === undefined)
    throw new EngineError('MODEL_BROKEN', `${folder} has no tensor ${name}, which config.json calls for. Download the model again.`);
  const found = file.shape(stored);
  if (!sameShape(found, expected)) {
    throw new EngineError(
      'MODEL_BROKEN',
      `${folder}: tensor ${stored} has the shape [${found.join(', ')}], config.json calls for [${expected.join(', ')}].`,
    );
  }
  return stored;
}
