import { answerOf, type Failure, type StatusFailure, statusFailures, type WholeAnswer } from './answer.ts';
import { openAiError, type OpenAiDialect } from './openai-errors.ts';
import { type Exchange, isRecord, type ProviderOptions, type ProviderServer, startProvider } from './provider-server.ts';
import { sendSpoiled } from './spoiled.ts';
import { streamPieces } from './stream-pieces.ts';
import { wordVector } from './word-vector.ts';

export interface OpenAiOptions extends ProviderOptions {
  /** Whose errors are told. Default: openai. */
  dialect?: OpenAiDialect;
}

const created = 1_700_000_000;
const finishReasons = { stop: 'stop', length: 'length', toolCalls: 'tool_calls', refusal: 'content_filter' } as const;

/**
 * A server that speaks OpenAI's protocol (Chat Completions, Completions, Embeddings, Models:
 * https://platform.openai.com/docs/api-reference) over HTTP on 127.0.0.1, and whose models do what the test says.
 */
export async function startOpenAiServer(options: OpenAiOptions): Promise<ProviderServer> {
  const dialect = options.dialect ?? 'openai';
  return startProvider(options, async (exchange) => {
    const { question, server } = exchange;
    if (options.apiKey !== undefined && question.headers.authorization !== `Bearer ${options.apiKey}`) {
      return refuse(exchange, dialect, 'unauthorized');
    }
    if (question.path === '/v1/models' && question.method === 'GET') {
      const data = Object.keys(server.models).map((id) => ({ id, object: 'model', created, owned_by: 'test' }));
      return exchange.send(200, { object: 'list', data });
    }
    const reply = replies[question.path];
    if (!reply || question.method !== 'POST') return exchange.send(404, { error: { message: `Invalid URL (${question.path})` } });
    const behaviour = server.models[question.model];
    if (behaviour === undefined) return refuse(exchange, dialect, 'notFound');
    const answer = await answerOf(behaviour, question);
    if (!(await exchange.wait(answer.delayMilliseconds))) return;
    const status = statusFailures.find((type) => type === answer.failure?.type);
    if (status) return refuse(exchange, dialect, status, answer.failure);
    if (sendSpoiled(exchange, answer.failure)) return;
    await reply(exchange, answer, dialect);
  });
}

function refuse(exchange: Exchange, dialect: OpenAiDialect, type: StatusFailure, failure?: Failure): void {
  const { status, body, headers } = openAiError(dialect, type, { ...failure, model: exchange.question.model });
  exchange.send(status, body, headers);
}

type Reply = (exchange: Exchange, answer: WholeAnswer, dialect: OpenAiDialect) => Promise<void>;

const replies: Record<string, Reply> = {
  '/v1/chat/completions': chat,
  '/v1/completions': completion,
  '/v1/embeddings': embeddings,
};

async function chat(exchange: Exchange, answer: WholeAnswer, dialect: OpenAiDialect): Promise<void> {
  const { body, model } = exchange.question;
  const finishReason = finishReasons[answer.finishReason];
  if (body.stream !== true) {
    if (!(await exchange.wait(answer.pieceDelayMilliseconds * answer.pieces.length))) return;
    const toolCalls = answer.toolCalls.map((call) => ({ id: call.id, type: 'function', function: calledFunction(call) }));
    const message = {
      role: 'assistant',
      content: answer.pieces.length > 0 ? answer.pieces.join('') : null,
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
    };
    const choices = [{ index: 0, message, finish_reason: finishReason, logprobs: null }];
    return exchange.send(200, { id: 'chatcmpl-1', object: 'chat.completion', created, model, choices, usage: usageOf(answer) });
  }
  const chunk = (delta: unknown, finish: string | null = null) =>
    exchange.event({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created,
      model,
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
  exchange.beginStream();
  chunk({ role: 'assistant', content: '' });
  const error = openAiError(dialect, 'serverError', answer.failure).body;
  const whole = await streamPieces(exchange, answer, {
    piece: (content) => chunk({ content }),
    error: () => exchange.event(error),
    malformed: (data) => exchange.event(data),
  });
  if (!whole) return;
  for (const [index, call] of answer.toolCalls.entries()) {
    const called = calledFunction(call);
    chunk({ tool_calls: [{ index, id: call.id, type: 'function', function: { name: called.name, arguments: '' } }] });
    for (const piece of called.arguments.match(/.{1,8}/gsu) ?? []) chunk({ tool_calls: [{ index, function: { arguments: piece } }] });
  }
  chunk({}, finishReason);
  endWithUsage(exchange, answer, 'chat.completion.chunk');
}

async function completion(exchange: Exchange, answer: WholeAnswer, dialect: OpenAiDialect): Promise<void> {
  const { body, model } = exchange.question;
  const choice = (text: string, finish: string | null) => ({ index: 0, text, finish_reason: finish, logprobs: null });
  const frame = { id: 'cmpl-1', object: 'text_completion', created, model };
  const finishReason = finishReasons[answer.finishReason];
  if (body.stream !== true) {
    return exchange.send(200, { ...frame, choices: [choice(answer.pieces.join(''), finishReason)], usage: usageOf(answer) });
  }
  exchange.beginStream();
  const error = openAiError(dialect, 'serverError', answer.failure).body;
  const whole = await streamPieces(exchange, answer, {
    piece: (text) => exchange.event({ ...frame, choices: [choice(text, null)] }),
    error: () => exchange.event(error),
    malformed: (data) => exchange.event(data),
  });
  if (!whole) return;
  exchange.event({ ...frame, choices: [choice('', finishReason)] });
  endWithUsage(exchange, answer, 'text_completion');
}

/** The last chunk, with the usage and without a choice, comes only to those that asked for it. */
function endWithUsage(exchange: Exchange, answer: WholeAnswer, object: string): void {
  const { body, model } = exchange.question;
  const asked = isRecord(body.stream_options) && body.stream_options.include_usage === true;
  if (asked && answer.usage) exchange.event({ id: 'chatcmpl-1', object, created, model, choices: [], usage: usageOf(answer) });
  exchange.event('[DONE]');
  exchange.endStream();
}

async function embeddings(exchange: Exchange, answer: WholeAnswer): Promise<void> {
  const { body, model } = exchange.question;
  const texts = [body.input].flat().filter((text) => typeof text === 'string');
  const data = texts.map((text, index) => ({ object: 'embedding', index, embedding: answer.vectors?.[index] ?? wordVector(text) }));
  const tokens = answer.usage?.inputTokens;
  exchange.send(200, {
    object: 'list',
    data,
    model,
    ...(tokens !== undefined && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
  });
}

const calledFunction = ({ name, input }: WholeAnswer['toolCalls'][number]) => ({
  name,
  arguments: typeof input === 'string' ? input : JSON.stringify(input),
});

function usageOf({ usage }: WholeAnswer) {
  return (
    usage && {
      prompt_tokens: usage.inputTokens,
      completion_tokens: usage.outputTokens,
      total_tokens: usage.inputTokens + usage.outputTokens,
      ...(usage.cacheReadTokens !== undefined && { prompt_tokens_details: { cached_tokens: usage.cacheReadTokens } }),
    }
  );
}
