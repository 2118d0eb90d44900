import { EngineError } from '../errors.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { BaseConfig } from './config-file.ts';

/**
 * Whether a tokenizer can be that of a model. The model may have more embeddings than the tokenizer has tokens (padding), but
 * the tokens that its configuration names must exist.
 * @throws EngineError MODEL_BROKEN when it cannot.
 */
export function checkTokenizer(
  folder: string,
  { vocabularySize }: Pick<Tokenizer, 'vocabularySize'>,
  config: Pick<BaseConfig, 'vocabularySize' | 'bosTokenId' | 'eosTokenIds'>,
): void {
  const broken = (problem: string) => new EngineError('MODEL_BROKEN', `${folder}: ${problem}. Take both from the same model.`);
  if (vocabularySize > config.vocabularySize)
    throw broken(`tokenizer.json knows ${vocabularySize} tokens, the model has ${config.vocabularySize} embeddings`);
  const strange = [config.bosTokenId, ...config.eosTokenIds].find((id) => id !== null && id >= vocabularySize);
  if (strange != null)
    throw broken(`config.json begins or ends texts with token ${strange}, tokenizer.json knows ${vocabularySize} tokens`);
}
