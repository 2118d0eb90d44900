import { StopStrings } from '@anneal/engine';
import { type GenerateEvent, type GenerateRequest, ModelError, z } from '@anneal/plugins/kit';
import { InterruptableStoppingCriteria, LogitsProcessorList, random, TextStreamer } from '@huggingface/transformers';
import type { LoadedModel } from './load.ts';
import { encode } from './prompt.ts';
import { TopP } from './top-p.ts';

/** Transformers.js's source of chance, whose type does not say what it is. */
const seeding = z.object({ seed: z.custom<(seed: number) => void>((value) => typeof value === 'function') });

/**
 * Writes an answer token by token. Not two at once: chance is one for the whole process, and each would be as much slower.
 * @throws ModelError
 */
export async function* write(loaded: LoadedModel, request: GenerateRequest, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
  const { tokenizer, model } = loaded;
  const inputs = encode(tokenizer, request);
  const inputTokens = inputs.input_ids.size;
  const maxTokens = roomFor(loaded, inputTokens, request.maxTokens);
  const interrupt = new InterruptableStoppingCriteria();
  const stop = () => interrupt.interrupt();
  const stops = new StopStrings(request.stop ?? []);
  const ready: string[] = [];
  let outputTokens = 0;
  let wake = () => {};
  const streamer = new TextStreamer(tokenizer, {
    // An encoder's question is not part of what the decoder writes, but for the token that it begins with.
    skip_prompt: true,
    skip_special_tokens: true,
    token_callback_function: (tokens) => {
      outputTokens += tokens.length;
      wake();
    },
    callback_function: (text: string) => {
      const shown = stops.push(text);
      if (shown !== '') ready.push(shown);
      if (stops.found) interrupt.interrupt();
      wake();
    },
  });
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });
  if (request.seed !== undefined) seeding.parse(random).seed(request.seed);
  const progress = { hasEnded: false };
  const writing = model
    .generate({
      ...inputs,
      max_new_tokens: maxTokens,
      ...samplingOf(request),
      streamer,
      stopping_criteria: interrupt,
    })
    .finally(() => {
      progress.hasEnded = true;
      wake();
    });
  // It is waited for below.
  writing.catch(() => undefined);
  try {
    for (;;) {
      const news = new Promise<void>((resolve) => (wake = resolve));
      for (let text = ready.shift(); text !== undefined; text = ready.shift()) yield { type: 'text', text };
      signal.throwIfAborted();
      if (progress.hasEnded && ready.length === 0) break;
      await news;
    }
    await writing;
    const rest = stops.found ? '' : stops.end();
    if (rest !== '') yield { type: 'text', text: rest };
    const isLong = !stops.found && outputTokens >= maxTokens;
    yield { type: 'end', finishReason: isLong ? 'length' : 'stop', usage: { inputTokens, outputTokens } };
  } finally {
    // Whoever left the loop wants no more of it; the next answer begins when this one has ended.
    interrupt.interrupt();
    await writing.catch(() => undefined);
    signal.removeEventListener('abort', stop);
  }
}

function samplingOf({ temperature, topP = 1 }: GenerateRequest): object {
  if (temperature === 0) return { do_sample: false, temperature: 1, top_k: 0 };
  const logitsProcessor = new LogitsProcessorList();
  if (topP < 1) logitsProcessor.push(new TopP(topP));
  return { do_sample: true, temperature, top_k: 0, logits_processor: logitsProcessor };
}

/** How long an answer may be. @throws ModelError CONTEXT_TOO_LONG */
function roomFor({ contextTokens, settings }: LoadedModel, inputTokens: number, maxTokens: number): number {
  if (contextTokens === undefined || settings.task === 'text2text-generation') return maxTokens;
  if (inputTokens < contextTokens) return Math.min(maxTokens, contextTokens - inputTokens);
  throw new ModelError(
    'CONTEXT_TOO_LONG',
    `The question has ${inputTokens} tokens, and the context of "${settings.name}" holds ${contextTokens}, the answer included. Shorten it.`,
  );
}
