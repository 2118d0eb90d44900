import { type Behaviour, openPlugin, type OpenPlugin, type ProviderServer, startOpenAiServer, textOf } from '@anneal/plugins/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const apiKey = 'sk-test-4f9a8b7c6d5e';

/** A model for each thing that may go right or wrong. */
const models: Record<string, Behaviour> = {
  small: 'Hello there, friend.',
  exact: { text: ['a', 'b'], usage: { inputTokens: 12, outputTokens: 2, cacheReadTokens: 8 } },
  untold: { text: 'No figures.', usage: null },
  long: { text: 'It goes on', finishReason: 'length' },
  refusing: { text: 'I would rather not.', finishReason: 'refusal' },
  caller: {
    text: 'Let me look.',
    toolCalls: [
      { name: 'weather', input: { city: 'Basel' } },
      { name: 'time', input: {} },
    ],
  },
  'bad-caller': { toolCalls: [{ name: 'weather', input: '{"city": "Ba' }] },
  'cut-caller': { text: 'Let me', toolCalls: [{ name: 'weather', input: '{"city": "Ba' }], finishReason: 'length' },
  vectors: {},
  'odd-vectors': { vectors: [[1, 2], [1]] },
  stalling: { text: 'one two three', failure: 'stalls' },
  mute: { failure: 'neverAnswers' },
  unauthorized: { failure: { type: 'unauthorized', message: `Incorrect API key provided: ${apiKey}. Also sk-proj-abc***wxyz.` } },
  forbidden: { failure: 'forbidden' },
  contextTooLong: { failure: 'contextTooLong' },
  invalidSetting: { failure: 'invalidSetting' },
  tooLarge: { failure: 'tooLarge' },
  rateLimited: { failure: { type: 'rateLimited', retryAfterSeconds: 7 } },
  quota: { failure: 'quota' },
  timeout: { failure: 'timeout' },
  serverError: { failure: 'serverError' },
  unavailable: { failure: 'unavailable' },
  overloaded: { failure: 'overloaded' },
  reset: { failure: 'reset' },
  malformedJson: { failure: 'malformedJson' },
  wrongContentType: { failure: 'wrongContentType' },
  emptyReply: { failure: 'emptyReply' },
  cut: { text: 'one two three four', failure: 'cut' },
  endsEarly: { text: 'one two three four', failure: 'endsEarly' },
  errorEvent: { text: 'one two three four', failure: 'errorEvent' },
  malformedEvents: { text: 'one two three four', failure: 'malformedEvents' },
};

let server: ProviderServer;
let plugin: OpenPlugin;

beforeAll(async () => {
  server = await startOpenAiServer({ apiKey, models });
  plugin = await openPlugin('openai-compatible', {});
});
beforeEach(() => plugin.configure({ endpoints: [{ name: 'test', baseUrl: `${server.url}/v1`, apiKey }] }));
afterAll(async () => {
  await plugin[Symbol.asyncDispose]();
  await server.close();
});

describe('an answer', () => {
  it('comes in pieces, with its end and its tokens', async () => {
    expect(await plugin.events({ model: 'test/exact' })).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      { type: 'end', finishReason: 'stop', usage: { inputTokens: 12, outputTokens: 2, cacheReadTokens: 8 } },
    ]);
    expect((await plugin.events({ model: 'test/untold' })).at(-1)).toEqual({ type: 'end', finishReason: 'stop' });
  });

  it('says why it ended', async () => {
    for (const [model, finishReason] of Object.entries({ small: 'stop', long: 'length', refusing: 'refusal', caller: 'toolCalls' })) {
      expect((await plugin.events({ model: `test/${model}` })).at(-1)).toMatchObject({ type: 'end', finishReason });
    }
  });

  it('asks with every setting', async () => {
    await plugin.events({
      model: 'test/small',
      system: 'Be brief.',
      maxTokens: 17,
      temperature: 0.5,
      topP: 0.9,
      stop: ['END'],
      seed: 3,
      tools: [{ name: 'weather', description: 'Of a city', inputSchema: { type: 'object' } }],
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'weather', input: { city: 'Basel' } }] },
        { role: 'tool', toolCallId: 'c1', content: 'rain' },
      ],
    });
    expect(server.requests.at(-1)?.body).toEqual({
      model: 'small',
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 17,
      temperature: 0.5,
      top_p: 0.9,
      stop: ['END'],
      seed: 3,
      tools: [{ type: 'function', function: { name: 'weather', description: 'Of a city', parameters: { type: 'object' } } }],
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Basel"}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'rain' },
      ],
    });
  });

  it('may call tools', async () => {
    const events = await plugin.events({ model: 'test/caller' });
    expect(textOf(events)).toBe('Let me look.');
    expect(events.filter(({ type }) => type === 'toolCall')).toEqual([
      { type: 'toolCall', call: { id: 'call_1', name: 'weather', input: { city: 'Basel' } } },
      { type: 'toolCall', call: { id: 'call_2', name: 'time', input: {} } },
    ]);
    await expect(plugin.events({ model: 'test/bad-caller' })).rejects.toMatchObject({ code: 'MALFORMED_REPLY' });
    const cut = await plugin.events({ model: 'test/cut-caller' });
    expect(cut.map(({ type }) => type)).toEqual(['text', 'text', 'end']);
  });

  it('is cancelled at the server too', async () => {
    const before = server.requests.length;
    for await (const event of plugin.stream({ model: 'test/stalling' })) if (event.type === 'text') break;
    expect(await server.requests[before]?.closed).toBe('aborted');

    const stop = new AbortController();
    const answer = plugin.stream({ model: 'test/mute' }, stop.signal)[Symbol.asyncIterator]().next();
    await server.untilRequests(before + 2);
    stop.abort();
    await expect(answer).rejects.toThrow();
    expect(await server.requests[before + 1]?.closed).toBe('aborted');
  });
});

describe('a failure', () => {
  it.each([
    ['forbidden', 'PERMISSION'],
    ['contextTooLong', 'CONTEXT_TOO_LONG'],
    ['invalidSetting', 'INVALID_REQUEST'],
    ['tooLarge', 'CONTEXT_TOO_LONG'],
    ['quota', 'QUOTA'],
    ['timeout', 'TIMEOUT'],
    ['serverError', 'UNAVAILABLE'],
    ['unavailable', 'UNAVAILABLE'],
    ['overloaded', 'OVERLOADED'],
    ['reset', 'UNAVAILABLE'],
    ['malformedJson', 'MALFORMED_REPLY'],
    ['wrongContentType', 'MALFORMED_REPLY'],
    ['emptyReply', 'MALFORMED_REPLY'],
    ['malformedEvents', 'MALFORMED_REPLY'],
    ['cut', 'CUT_STREAM'],
    ['endsEarly', 'CUT_STREAM'],
    ['errorEvent', 'UNAVAILABLE'],
    ['nothing-like-it', 'MODEL_NOT_FOUND'],
  ])('%s is %s', async (model, code) => {
    const before = server.requests.length;
    await expect(plugin.events({ model: `test/${model}` })).rejects.toMatchObject({ name: 'ModelError', code });
    // Trying again is the caller's business.
    expect(server.requests).toHaveLength(before + 1);
  });

  it('says when to ask again', async () => {
    await expect(plugin.events({ model: 'test/rateLimited' })).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 7 });
  });

  it('sends on what came before the stream broke', async () => {
    const texts: string[] = [];
    const reading = async () => {
      for await (const event of plugin.stream({ model: 'test/cut' })) if (event.type === 'text') texts.push(event.text);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'CUT_STREAM' });
    expect(texts.join('')).toBe('one two');
  });

  it('never tells a key', async () => {
    const told = await plugin.events({ model: 'test/unauthorized' }).catch(String);
    expect(told).toContain('Set the right apiKey');
    expect(told).not.toMatch(/4f9a8b7c|wxyz/);
    await plugin.configure({
      endpoints: [{ name: 'wrong', baseUrl: server.url, apiKey: 'sk-other-1234' }],
    });
    await expect(plugin.events({ model: 'wrong/small' })).rejects.toMatchObject({ code: 'AUTHENTICATION' });
    await expect(plugin.call('models', {})).rejects.toMatchObject({ code: 'AUTHENTICATION' });
    expect(JSON.stringify(plugin.log)).not.toMatch(/4f9a8b7c|sk-other/);
  });

  it('names the endpoint that cannot be reached, and the endpoints that there are', async () => {
    await plugin.configure({ endpoints: [{ name: 'closed', baseUrl: 'http://127.0.0.1:9/v1' }] });
    await expect(plugin.events({ model: 'closed/small' })).rejects.toThrow('"closed" cannot be reached at http://127.0.0.1:9');
    await expect(plugin.events({ model: 'open/small' })).rejects.toThrow('There are: closed');
  });
});

describe.each(['vllm', 'ollama', 'llamacpp'] as const)('the errors of %s', (dialect) => {
  it('are understood', async () => {
    await using other = await startOpenAiServer({ dialect, models });
    await plugin.configure({ endpoints: [{ name: 'other', baseUrl: other.url }] });
    const codeOf = async (model: string) =>
      plugin.events({ model: `other/${model}` }).then(
        () => 'none',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : String(error)),
      );
    expect(await codeOf('nothing-like-it')).toBe('MODEL_NOT_FOUND');
    expect(await codeOf('contextTooLong')).toBe('CONTEXT_TOO_LONG');
    expect(await codeOf('unavailable')).toBe('UNAVAILABLE');
    expect(await codeOf('unauthorized')).toBe('AUTHENTICATION');
    expect(await codeOf('small')).toBe('none');
  });
});

describe('vectors', () => {
  it('are nearer for texts that share words', async () => {
    const { vectors, usage } = await plugin.embed('test/vectors', ['sort a list', 'sort a long list', 'open the window']);
    const dot = (a: number[] = [], b: number[] = []) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
    expect(dot(vectors[0], vectors[1])).toBeGreaterThan(dot(vectors[0], vectors[2]));
    expect(usage).toEqual({ inputTokens: 10 });
  });

  it('of different lengths are refused', async () => {
    await expect(plugin.embed('test/odd-vectors', ['a', 'b'])).rejects.toMatchObject({ code: 'MALFORMED_REPLY' });
    await expect(plugin.embed('test/emptyReply', ['a'])).rejects.toMatchObject({ code: 'MALFORMED_REPLY' });
  });
});

describe('models', () => {
  it('are those of the list, told by their names', async () => {
    await using other = await startOpenAiServer({ models: { 'llama3.2:3b': 'Hello', 'nomic-embed-text': {} } });
    await plugin.configure({
      endpoints: [
        { name: 'ollama', baseUrl: other.url },
        { name: 'gone', baseUrl: 'http://127.0.0.1:9' },
        { name: 'named', baseUrl: other.url, models: [{ id: 'Qwen/Qwen3-8B', contextTokens: 32_768 }] },
      ],
    });
    expect(await plugin.call('models', {})).toMatchObject({
      models: [
        { id: 'ollama/llama3.2:3b', capabilities: ['generate', 'system', 'tools'] },
        { id: 'ollama/nomic-embed-text', capabilities: ['embed'] },
        { id: 'named/Qwen/Qwen3-8B', contextTokens: 32_768 },
      ],
    });
    expect(plugin.log.map(({ message }) => message).join()).toContain('"gone" cannot be reached');
  });
});

describe('settings', () => {
  it.each([
    [{ name: 'a', baseUrl: 'ftp://host' }, 'has to be an address'],
    [{ name: 'a', baseUrl: 'http://me:secret@host/v1' }, 'must not hold a password'],
    [{ name: 'a', baseUrl: 'http://host/v1?key=1' }, 'must end with the path'],
    [{ name: 'A b', baseUrl: 'http://host' }, 'lower-case letters'],
  ])('%j: %s', async (endpoint, message) => {
    expect(await plugin.process.checkSettings({ endpoints: [endpoint] })).toMatchObject([{ message: expect.stringContaining(message) }]);
  });

  it('must not have the same name twice', async () => {
    const endpoint = { name: 'a', baseUrl: 'http://host' };
    expect(await plugin.process.checkSettings({ endpoints: [endpoint, endpoint] })).toMatchObject([{ path: 'endpoints' }]);
  });
});
