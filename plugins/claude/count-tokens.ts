import { type GenerateRequest, z } from '@anneal/plugins/kit';
import { clientOf } from './client.ts';
import { errorOf, malformed } from './errors.ts';
import { asked } from './request.ts';
import type { Settings } from './settings.ts';

const reply = z.object({ input_tokens: z.int().min(0) });

/** Tokens of a question, as Anthropic counts them. @throws ModelError */
export async function countTokens(request: GenerateRequest, settings: Settings, signal: AbortSignal): Promise<number> {
  const client = clientOf(settings);
  try {
    const read = reply.safeParse(await client.messages.countTokens(asked(request, false), { signal }));
    if (!read.success) throw malformed('without a number of tokens');
    return read.data.input_tokens;
  } catch (error) {
    throw errorOf(error, settings, signal);
  }
}
