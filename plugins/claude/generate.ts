import { type GenerateEvent, type GenerateRequest, ModelError } from '@anneal/plugins/kit';
import { toolInput } from '../providers/tool-input.ts';
import { clientOf } from './client.ts';
import { cut, errorOf, malformed } from './errors.ts';
import { event, finishReasonOf, knownEvents, usageOf } from './reply.ts';
import { asked } from './request.ts';
import type { Settings } from './settings.ts';

/** Asks once, and streams what comes. @throws ModelError */
export async function* generate(request: GenerateRequest, settings: Settings, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
  const client = clientOf(settings);
  const body = {
    ...asked(request, settings.promptCaching),
    max_tokens: request.maxTokens,
    stream: true as const,
    ...(request.stop !== undefined && request.stop.length > 0 && { stop_sequences: request.stop }),
  };
  let streaming = false;
  try {
    const { data, response } = await client.messages.create(body, { signal }).withResponse();
    const type = response.headers.get('content-type') ?? 'no content type';
    if (!type.startsWith('text/event-stream')) {
      data.controller.abort();
      throw malformed(`with ${type} instead of a stream of events`);
    }
    streaming = true;
    yield* answer(data);
  } catch (error) {
    throw errorOf(error, settings, signal, streaming);
  }
  // A stream that was cancelled ends without an error.
  signal.throwIfAborted();
}

async function* answer(stream: AsyncIterable<{ type: string }>): AsyncGenerator<GenerateEvent> {
  const calls = new Map<number, { id: string; name: string; text: string }>();
  const figures: Parameters<typeof usageOf>[0][number][] = [];
  let stopReason: string | undefined;
  for await (const value of stream) {
    if (!knownEvents.has(value.type)) continue;
    const read = event.safeParse(value);
    if (!read.success) throw malformed(`with an event ${value.type} that lacks something`);
    const told = read.data;
    switch (told.type) {
      case 'message_start':
        figures.push(told.message.usage);
        break;
      case 'content_block_start':
        if ('id' in told.content_block) calls.set(told.index, { ...told.content_block, text: '' });
        break;
      case 'content_block_delta': {
        if ('text' in told.delta && told.delta.text !== '') yield { type: 'text', text: told.delta.text };
        const call = calls.get(told.index);
        if (call && 'partial_json' in told.delta) call.text += told.delta.partial_json;
        break;
      }
      case 'content_block_stop':
        break;
      case 'message_delta':
        stopReason = told.delta.stop_reason ?? stopReason;
        if (told.usage) figures.push(told.usage);
        break;
      case 'message_stop': {
        if (stopReason === undefined) throw malformed('without saying why it stopped');
        const finishReason = finishReasonOf(stopReason);
        for (const { id, name, text } of calls.values()) {
          const input = toolInput(text);
          if (input) yield { type: 'toolCall', call: { id, name, input } };
          // An answer that ends at its longest may end in the middle of a call.
          else if (finishReason !== 'length') throw badInput(name);
        }
        yield { type: 'end', finishReason, usage: usageOf(figures) };
        return;
      }
    }
  }
  throw cut();
}

const badInput = (name: string) =>
  new ModelError('MALFORMED_REPLY', `Claude called the tool "${name}" with an input that is no JSON object. Try again.`);
