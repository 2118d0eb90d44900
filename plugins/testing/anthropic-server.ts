import { anthropicError } from './anthropic-errors.ts';
import { answerOf, countWords, type Failure, type StatusFailure, statusFailures, type WholeAnswer } from './answer.ts';
import { type Exchange, type ProviderOptions, type ProviderServer, startProvider } from './provider-server.ts';
import { sendSpoiled } from './spoiled.ts';
import { streamPieces } from './stream-pieces.ts';

const stopReasons = { stop: 'end_turn', length: 'max_tokens', toolCalls: 'tool_use', refusal: 'refusal' } as const;

/**
 * A server that speaks Anthropic's protocol (Messages with all events of a stream, Count tokens, Models:
 * https://platform.claude.com/docs/en/api/messages) over HTTP on 127.0.0.1, and whose models do what the test says.
 */
export async function startAnthropicServer(options: ProviderOptions): Promise<ProviderServer> {
  return startProvider(options, async (exchange) => {
    const { question, server } = exchange;
    const { 'x-api-key': key, authorization, 'anthropic-version': version } = question.headers;
    if (options.apiKey !== undefined && key !== options.apiKey && authorization !== `Bearer ${options.apiKey}`) {
      return refuse(exchange, 'unauthorized');
    }
    const problem = problemWith(question.body, version);
    if (problem !== undefined) return refuse(exchange, 'invalidSetting', { type: 'invalidSetting', message: problem });
    if (question.path === '/v1/models' && question.method === 'GET') return exchange.send(200, listOfModels(server));
    const reply = replies[question.path];
    if (!reply || question.method !== 'POST') return refuse(exchange, 'notFound');
    const behaviour = server.models[question.model];
    if (behaviour === undefined) return refuse(exchange, 'notFound');
    const answer = await answerOf(behaviour, question);
    if (!(await exchange.wait(answer.delayMilliseconds))) return;
    const status = statusFailures.find((type) => type === answer.failure?.type);
    if (status) return refuse(exchange, status, answer.failure);
    if (sendSpoiled(exchange, answer.failure)) return;
    await reply(exchange, answer);
  });
}

/** Versions from 2026-10-21 on refuse what chooses among tokens, even at its default. */
function problemWith(body: Record<string, unknown>, version: string | string[] | undefined): string | undefined {
  if (typeof version !== 'string') return 'anthropic-version: header is required';
  const refused = version >= '2026-10-21' ? ['temperature', 'top_p', 'top_k'].find((name) => name in body) : undefined;
  return refused && `${refused}: Extra inputs are not permitted`;
}

function refuse(exchange: Exchange, type: StatusFailure, failure?: Failure): void {
  const { status, body, headers } = anthropicError(type, { ...failure, model: exchange.question.model });
  exchange.send(status, body, headers);
}

function listOfModels(server: ProviderServer) {
  const data = Object.keys(server.models).map((id) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: '2025-01-01T00:00:00Z',
    lifecycle: 'active',
    max_input_tokens: 200_000,
    max_tokens: 64_000,
    capabilities: null,
  }));
  return { data, has_more: false, first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

const replies: Record<string, (exchange: Exchange, answer: WholeAnswer) => Promise<void>> = {
  '/v1/messages': messages,
  '/v1/messages/count_tokens': async (exchange, answer) =>
    exchange.send(200, { input_tokens: answer.usage?.inputTokens ?? countWords(exchange.question.text) }),
};

async function messages(exchange: Exchange, answer: WholeAnswer): Promise<void> {
  const { body, model } = exchange.question;
  const usage = usageOf(answer);
  const frame = { id: 'msg_1', type: 'message', role: 'assistant', model };
  const stopReason = stopReasons[answer.finishReason];
  if (body.stream !== true) {
    if (!(await exchange.wait(answer.pieceDelayMilliseconds * answer.pieces.length))) return;
    const text = answer.pieces.length > 0 ? [{ type: 'text', text: answer.pieces.join(''), citations: null }] : [];
    const tools = answer.toolCalls.map(({ id, name, input }) => ({ type: 'tool_use', id, name, input }));
    return exchange.send(200, { ...frame, content: [...text, ...tools], stop_reason: stopReason, stop_sequence: null, usage });
  }
  const send = (data: { type: string } & Record<string, unknown>) => exchange.event(data, data.type);
  const error = { type: 'error', error: { type: 'overloaded_error', message: answer.failure?.message ?? 'Overloaded' } };
  exchange.beginStream();
  const begun = { ...frame, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } };
  send({ type: 'message_start', message: begun });
  send({ type: 'ping' });
  let index = 0;
  if (answer.pieces.length > 0) send({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } });
  const whole = await streamPieces(exchange, answer, {
    piece: (text) => send({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } }),
    error: () => send(error),
    malformed: (data) => exchange.event(data, 'content_block_delta'),
  });
  if (!whole) return;
  if (answer.pieces.length > 0) send({ type: 'content_block_stop', index: index++ });
  for (const { id, name, input } of answer.toolCalls) {
    send({ type: 'content_block_start', index, content_block: { type: 'tool_use', id, name, input: {} } });
    for (const piece of (typeof input === 'string' ? input : JSON.stringify(input)).match(/.{1,8}/gsu) ?? []) {
      send({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: piece } });
    }
    send({ type: 'content_block_stop', index: index++ });
  }
  send({
    type: 'message_delta',
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage: { output_tokens: usage?.output_tokens ?? 0 },
  });
  send({ type: 'message_stop' });
  exchange.endStream();
}

/** Anthropic counts what it read from its cache and wrote to it apart from the other input. */
function usageOf({ usage }: WholeAnswer) {
  const { cacheReadTokens = 0, cacheWriteTokens = 0 } = usage ?? {};
  return (
    usage && {
      input_tokens: usage.inputTokens - cacheReadTokens - cacheWriteTokens,
      output_tokens: usage.outputTokens,
      cache_read_input_tokens: cacheReadTokens,
      cache_creation_input_tokens: cacheWriteTokens,
    }
  );
}
