import { type EmbedAnswer, type EmbedRequest, z } from '@anneal/plugins/kit';
import { endpointOf } from './endpoint.ts';
import { ask, malformed, readJson } from './http.ts';
import { usage } from './reply.ts';
import type { Settings } from './settings.ts';

const reply = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()).min(1) })),
  usage: usage.nullish(),
});

/** Vectors of texts, in their order. @throws ModelError */
export async function embed(request: EmbedRequest, settings: Settings, signal: AbortSignal): Promise<EmbedAnswer> {
  const { endpoint, model } = endpointOf(settings, request.model);
  const body = { model, input: request.texts, encoding_format: 'float' };
  const response = await ask(endpoint, '/embeddings', signal, body);
  const read = reply.safeParse(await readJson(endpoint, response, signal));
  if (!read.success) throw malformed(endpoint, 'without vectors');
  const vectors = read.data.data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
  if (vectors.length !== request.texts.length)
    throw malformed(endpoint, `with ${vectors.length} vectors for ${request.texts.length} texts`);
  if (new Set(vectors.map(({ length }) => length)).size > 1) throw malformed(endpoint, 'with vectors of different lengths');
  const tokens = read.data.usage?.prompt_tokens;
  return { vectors, ...(tokens !== undefined && { usage: { inputTokens: tokens } }) };
}
