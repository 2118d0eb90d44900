import { EngineError } from '../errors.ts';
import { sameShape } from '../graph/types.ts';

/** @throws EngineError MODEL_BROKEN unless a tensor is there with the shape that config.json calls for. */
export function checkTensor(folder: string, name: string, expected: readonly number[], found: readonly number[] | undefined): void {
  if (!found)
    throw new EngineError('MODEL_BROKEN', `${folder} has no tensor ${name}, which config.json calls for. Download the model again.`);
  if (!sameShape(found, expected)) {
    throw new EngineError(
      'MODEL_BROKEN',
      `${folder}: tensor ${name} has the shape [${found.join(', ')}], config.json calls for [${expected.join(', ')}].`,
    );
  }
}
