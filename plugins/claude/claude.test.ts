import { type Behaviour, openPlugin, type OpenPlugin, type ProviderServer, startAnthropicServer, textOf } from '@anneal/plugins/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const apiKey = 'sk-ant-test-4f9a8b7c6d5e';

const models: Record<string, Behaviour> = {
  'claude-haiku-4-5': 'Hello there, friend.',
  exact: { text: ['a', 'b'], usage: { inputTokens: 5000, outputTokens: 2, cacheReadTokens: 3000, cacheWriteTokens: 1500 } },
  long: { text: 'It goes on', finishReason: 'length' },
  refusing: { text: 'No.', finishReason: 'refusal' },
  caller: {
    text: 'Let me look.',
    toolCalls: [
      { id: 'toolu_1', name: 'weather', input: { city: 'Basel' } },
      { id: 'toolu_2', name: 'time', input: {} },
    ],
  },
  'bad-caller': { toolCalls: [{ name: 'weather', input: '{"city": "Ba' }] },
  'cut-caller': { text: 'Let me', toolCalls: [{ name: 'weather', input: '{"city": "Ba' }], finishReason: 'length' },
  stalling: { text: 'one two three', failure: 'stalls' },
  mute: { failure: 'neverAnswers' },
  unauthorized: { failure: { type: 'unauthorized', message: `invalid x-api-key: ${apiKey}` } },
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
  server = await startAnthropicServer({ apiKey, models });
  plugin = await openPlugin('claude', {});
});
beforeEach(() => plugin.configure({ apiKey, baseUrl: server.url }));
afterAll(async () => {
  await plugin[Symbol.asyncDispose]();
  await server.close();
});

describe('an answer', () => {
  it('comes in pieces, with its end and all of its tokens', async () => {
    expect(await plugin.events({ model: 'exact' })).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
      {
        type: 'end',
        finishReason: 'stop',
        usage: { inputTokens: 5000, outputTokens: 2, cacheReadTokens: 3000, cacheWriteTokens: 1500 },
      },
    ]);
  });

  it('says why it ended', async () => {
    for (const [model, finishReason] of Object.entries({
      'claude-haiku-4-5': 'stop',
      long: 'length',
      refusing: 'refusal',
      caller: 'toolCalls',
    })) {
      expect((await plugin.events({ model })).at(-1)).toMatchObject({ type: 'end', finishReason });
    }
  });

  it('asks with what the protocol has', async () => {
    await plugin.events({
      model: 'claude-haiku-4-5',
      system: 'Be brief.',
      maxTokens: 17,
      temperature: 0.5,
      topP: 0.9,
      stop: ['END'],
      seed: 3,
      tools: [{ name: 'weather', description: 'Of a city', inputSchema: { properties: {} } }],
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: '',
          toolCalls: [
            { id: 'c1', name: 'weather', input: { city: 'Basel' } },
            { id: 'c2', name: 'weather', input: { city: 'Bern' } },
          ],
        },
        { role: 'tool', toolCallId: 'c1', content: 'rain' },
        { role: 'tool', toolCallId: 'c2', content: 'no such city', isError: true },
        { role: 'user', content: 'And now?' },
      ],
    });
    const { body, headers } = server.requests.at(-1)!;
    expect(headers.authorization).toBe(`Bearer ${apiKey}`);
    expect(body).toEqual({
      model: 'claude-haiku-4-5',
      stream: true,
      max_tokens: 17,
      stop_sequences: ['END'],
      system: [{ type: 'text', text: 'Be brief.' }],
      tools: [{ name: 'weather', description: 'Of a city', input_schema: { type: 'object', properties: {} } }],
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Weather?' }] },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'c1', name: 'weather', input: { city: 'Basel' } },
            { type: 'tool_use', id: 'c2', name: 'weather', input: { city: 'Bern' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'c1', content: 'rain', is_error: false },
            { type: 'tool_result', tool_use_id: 'c2', content: 'no such city', is_error: true },
            { type: 'text', text: 'And now?' },
          ],
        },
      ],
    });
  });

  it('may call tools', async () => {
    const events = await plugin.events({ model: 'caller' });
    expect(textOf(events)).toBe('Let me look.');
    expect(events.filter(({ type }) => type === 'toolCall')).toEqual([
      { type: 'toolCall', call: { id: 'toolu_1', name: 'weather', input: { city: 'Basel' } } },
      { type: 'toolCall', call: { id: 'toolu_2', name: 'time', input: {} } },
    ]);
    await expect(plugin.events({ model: 'bad-caller' })).rejects.toMatchObject({ code: 'MALFORMED_REPLY' });
    const cut = await plugin.events({ model: 'cut-caller' });
    expect(cut.map(({ type }) => type)).toEqual(['text', 'text', 'end']);
  });

  it('is cancelled at the server too', async () => {
    const before = server.requests.length;
    for await (const event of plugin.stream({ model: 'stalling' })) if (event.type === 'text') break;
    expect(await server.requests[before]?.closed).toBe('aborted');

    const stop = new AbortController();
    const answer = plugin.stream({ model: 'mute' }, stop.signal)[Symbol.asyncIterator]().next();
    await server.untilRequests(before + 2);
    stop.abort();
    await expect(answer).rejects.toThrow();
    expect(await server.requests[before + 1]?.closed).toBe('aborted');
  });
});

describe('prompt caching', () => {
  const keep = { type: 'ephemeral' };
  const lastBody = () => server.requests.at(-1)?.body;
  const examples = [
    { role: 'user' as const, content: 'An example. '.repeat(400) },
    { role: 'assistant' as const, content: 'Its answer.' },
    { role: 'user' as const, content: 'The question.' },
  ];

  it('keeps a long system prompt, and a long beginning up to the last turn', async () => {
    await plugin.events({ model: 'exact', system: 'Rule. '.repeat(1000), messages: examples });
    expect(lastBody()).toMatchObject({
      system: [{ cache_control: keep }],
      messages: [{ content: [{ type: 'text' }] }, { content: [{ text: 'Its answer.', cache_control: keep }] }, {}],
    });
    const { messages } = lastBody() as { messages: { content: object[] }[] };
    expect(messages[2]?.content[0]).not.toHaveProperty('cache_control');
  });

  it('leaves short prompts alone, and all of them where it is switched off', async () => {
    await plugin.events({ model: 'exact', system: 'Be brief.', messages: [{ role: 'user', content: 'Long question. '.repeat(1000) }] });
    expect(JSON.stringify(lastBody())).not.toContain('cache_control');
    await plugin.configure({ apiKey, baseUrl: server.url, promptCaching: false });
    await plugin.events({ model: 'exact', system: 'Rule. '.repeat(1000), messages: examples });
    expect(JSON.stringify(lastBody())).not.toContain('cache_control');
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
    ['errorEvent', 'OVERLOADED'],
    ['nothing-like-it', 'MODEL_NOT_FOUND'],
  ])('%s is %s', async (model, code) => {
    const before = server.requests.length;
    await expect(plugin.events({ model })).rejects.toMatchObject({ name: 'ModelError', code });
    // Trying again is the caller's business.
    expect(server.requests).toHaveLength(before + 1);
  });

  it('says when to ask again', async () => {
    await expect(plugin.events({ model: 'rateLimited' })).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 7 });
  });

  it('sends on what came before the stream broke', async () => {
    const texts: string[] = [];
    const reading = async () => {
      for await (const event of plugin.stream({ model: 'cut' })) if (event.type === 'text') texts.push(event.text);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'CUT_STREAM' });
    expect(texts.join('')).toBe('one two');
  });

  it('never tells a key, and says where a wrong or missing one is to be set', async () => {
    const told = await plugin.events({ model: 'unauthorized' }).catch(String);
    expect(told).toContain('Set the right apiKey');
    expect(told).not.toContain('4f9a8b7c');
    await plugin.configure({ apiKey: 'sk-ant-other-1234', baseUrl: server.url });
    await expect(plugin.events({ model: 'exact' })).rejects.toMatchObject({ code: 'AUTHENTICATION' });
    await plugin.call('models', {});
    await plugin.configure({ baseUrl: server.url });
    await expect(plugin.events({ model: 'exact' })).rejects.toMatchObject({
      code: 'AUTHENTICATION',
      message: expect.stringContaining('https://platform.claude.com/settings/keys'),
    });
    expect(JSON.stringify(plugin.log)).not.toMatch(/4f9a8b7c|sk-ant-other/);
  });
});

describe('models', () => {
  it('are those that the key may use, with sizes and list prices', async () => {
    const { models: told } = (await plugin.call('models', {})) as { models: { id: string; price?: unknown }[] };
    expect(told.map(({ id }) => id)).toEqual(Object.keys(models));
    expect(told[0]).toMatchObject({
      contextTokens: 200_000,
      maxOutputTokens: 64_000,
      price: { inputPerMillion: 1, outputPerMillion: 5, cacheReadPerMillion: 0.1, cacheWritePerMillion: 1.25 },
    });
    expect(told[1]?.price).toBeUndefined();
  });

  it('are the known ones where Anthropic cannot be asked', async () => {
    await plugin.configure({ apiKey, baseUrl: 'http://127.0.0.1:9' });
    expect(await plugin.call('models', {})).toMatchObject({
      models: expect.arrayContaining([expect.objectContaining({ id: 'claude-sonnet-5-5' })]),
    });
    expect(JSON.stringify(plugin.log)).toContain('cannot be reached at http://127.0.0.1:9');
  });
});

it('counts tokens', async () => {
  const question = {
    model: 'claude-haiku-4-5',
    system: 'Be brief.',
    messages: [{ role: 'user', content: 'Say hello.' }],
    maxTokens: 5,
    temperature: 0,
  };
  expect(await plugin.call('countTokens', question)).toEqual({ tokens: 4 });
  await expect(plugin.call('countTokens', { ...question, model: 'emptyReply' })).rejects.toMatchObject({ code: 'MALFORMED_REPLY' });
  await expect(plugin.call('countTokens', { ...question, model: 'rateLimited' })).rejects.toMatchObject({ code: 'RATE_LIMITED' });
});
