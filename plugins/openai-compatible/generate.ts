import { type GenerateEvent, type GenerateRequest, ModelError, type Usage } from '@anneal/plugins/kit';
import { endpointOf } from './endpoint.ts';
import { errorInStream } from './errors.ts';
import { ask, contentType, malformed, readJson } from './http.ts';
import { chunk, finishReasonOf, ToolCalls, usageOf } from './reply.ts';
import { chatBody } from './request.ts';
import type { Endpoint, Settings } from './settings.ts';
import { eventsOf } from './stream.ts';

/** Asks once, and streams what comes. @throws ModelError */
export async function* generate(request: GenerateRequest, settings: Settings, signal: AbortSignal): AsyncGenerator<GenerateEvent> {
  const { endpoint, model } = endpointOf(settings, request.model);
  const response = await ask(endpoint, '/chat/completions', signal, chatBody(endpoint, model, request));
  const calls = new ToolCalls();
  let finished: string | undefined;
  let refused = false;
  let usage: Usage | undefined;
  for await (const value of valuesOf(endpoint, response, signal)) {
    const read = chunk.safeParse(value);
    if (!read.success) throw errorInStream(endpoint, value) ?? malformed(endpoint, 'with something else than a completion');
    if (read.data.usage) usage = usageOf(read.data.usage);
    for (const { delta, message, finish_reason: reason } of read.data.choices.slice(0, 1)) {
      const said = delta ?? message;
      if (said?.content != null && said.content !== '') yield { type: 'text', text: said.content };
      if (said?.refusal != null && said.refusal !== '') {
        refused = true;
        yield { type: 'text', text: said.refusal };
      }
      calls.add(said?.tool_calls ?? []);
      if (reason === 'error') throw errorInStream(endpoint, value) ?? cut(endpoint);
      finished ??= reason ?? undefined;
    }
  }
  if (finished === undefined) throw cut(endpoint);
  for (const call of calls.whole(finished === 'length')) yield { type: 'toolCall', call };
  const finishReason = refused ? 'refusal' : finishReasonOf(finished, !calls.isEmpty);
  yield { type: 'end', finishReason, ...(usage && { usage }) };
}

/** The pieces of an answer; the one piece that it has where the server does not stream. */
async function* valuesOf(endpoint: Endpoint, response: Response, signal: AbortSignal): AsyncGenerator {
  if (contentType(response) === 'application/json') {
    yield await readJson(endpoint, response, signal);
    return;
  }
  if (contentType(response) !== 'text/event-stream' || response.body === null) {
    await response.body?.cancel();
    throw malformed(endpoint, `with ${contentType(response)} instead of a stream of events`);
  }
  try {
    for await (const data of eventsOf(response.body)) {
      if (data.trim() === '[DONE]') return;
      yield parse(endpoint, data);
    }
  } catch (error) {
    if (error instanceof ModelError || signal.aborted) throw error;
    throw cut(endpoint, error);
  }
}

function parse(endpoint: Endpoint, data: string): unknown {
  try {
    const value: unknown = JSON.parse(data);
    return value;
  } catch {
    throw malformed(endpoint, 'with an event that is no JSON');
  }
}

const cut = (endpoint: Endpoint, cause?: unknown) =>
  new ModelError(
    'CUT_STREAM',
    `The answer of "${endpoint.name}" broke off before its end. Try again; look at the log of the server if it stays so.`,
    {
      cause,
    },
  );
