import { ModelError, z } from '@anneal/plugins/kit';
import { mean_pooling, Tensor } from '@huggingface/transformers';
import type { LoadedModel } from './load.ts';
import type { Vector } from './text-batches.ts';

const encoded = z.looseObject({ input_ids: z.instanceof(Tensor), attention_mask: z.instanceof(Tensor) });
const output = z.union([
  z.object({ last_hidden_state: z.instanceof(Tensor) }).transform((found) => found.last_hidden_state),
  z.object({ token_embeddings: z.instanceof(Tensor) }).transform((found) => found.token_embeddings),
  z.object({ logits: z.instanceof(Tensor) }).transform((found) => found.logits),
]);

/** Vectors of texts in one pass, pooled and normalised as sentence-transformers does. @throws ModelError when the model gives none */
export async function embedBatch({ tokenizer, model, settings }: LoadedModel, texts: readonly string[]): Promise<Vector[]> {
  const inputs = encoded.parse(tokenizer([...texts], { padding: true, truncation: true }));
  const read = output.safeParse(await model(inputs));
  if (!read.success) throw new ModelError('INVALID_REQUEST', `The model "${settings.name}" gives no vectors. Set the task that it is for.`);
  const pooled = pool(settings.pooling, read.data, inputs.attention_mask);
  const vectors = numbers.parse((settings.normalize ? pooled.normalize(2, -1) : pooled).tolist());
  const counts = mask.parse(inputs.attention_mask.tolist());
  return vectors.map((vector, row) => ({ vector, tokens: (counts[row] ?? []).reduce((sum, one) => sum + one, 0) }));
}

const numbers = z.array(z.array(z.number()));
const mask = z.array(z.array(z.coerce.number()));

/** @param states [texts, tokens, size] @returns [texts, size] */
function pool(pooling: LoadedModel['settings']['pooling'], states: Tensor, attentionMask: Tensor): Tensor {
  switch (pooling) {
    case 'mean':
      return mean_pooling(states, attentionMask);
    case 'cls':
      return states.slice(null, 0);
    case 'last_token':
      return lastTokens(states, attentionMask);
  }
}

/** Texts are filled up at either end: the last token is the last one that counts. */
function lastTokens(states: Tensor, attentionMask: Tensor): Tensor {
  const rows = z.array(numbers).parse(states.tolist());
  const counts = mask.parse(attentionMask.tolist());
  const last = rows.map((row, index) => row[(counts[index] ?? []).lastIndexOf(1)] ?? []);
  return new Tensor('float32', Float32Array.from(last.flat()), [last.length, last[0]?.length ?? 0]);
}
