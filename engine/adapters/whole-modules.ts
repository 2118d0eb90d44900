import type { LoadedModel } from '../models/load.ts';
import { chooseTensors, invalid, isMeant, moduleOf } from './names.ts';

/** The value head [1, hidden] of a model that values texts, under the name that it has in Hugging Face's `…ForSequenceClassification`. */
export const scoreHead = 'score.weight';

/** The matrix that turns hidden states into logits, where it is not that of the embeddings. */
export const outputProjection = 'lm_head.weight';

type BaseModel = Pick<LoadedModel, 'family' | 'config'>;

/** The tensor that holds the embeddings of the tokens. */
export function embeddingName({ family, config }: BaseModel): string {
  const parameters = [...family.parameters(config)];
  const found = parameters.find(
    ([name, [rows, columns]]) => name !== outputProjection && rows === config.vocabularySize && columns === config.hiddenSize,
  );
  if (!found) throw new Error(`a ${config.architecture} model without embeddings`);
  return found[0];
}

/**
 * Tensors of the modules that are trained whole. Where the output projection is the matrix of the embeddings, naming either means
 * both.
 * @throws EngineError CONFIG_INVALID naming what matches nothing, or a layer that has LoRA matrices already
 */
export function wholeTensors(model: BaseModel, modulesToSave: readonly string[], adapted: readonly string[]): string[] {
  const tensors = [...model.family.parameters(model.config).keys()];
  const meansProjection = (pattern: string) => isMeant(moduleOf(outputProjection), pattern);
  const shared = model.config.tiedEmbeddings && modulesToSave.some(meansProjection);
  const patterns = shared ? modulesToSave.filter((pattern) => !meansProjection(pattern)) : modulesToSave;
  const chosen = new Set([...chooseTensors(tensors, patterns), ...(shared ? [embeddingName(model)] : [])]);
  const twice = adapted.find((layer) => chosen.has(`${layer}.weight`));
  if (twice)
    throw invalid('method.modulesToSave', `${twice} has LoRA matrices already. Name it here or under the target modules, not both.`);
  return tensors.filter((name) => chosen.has(name));
}
