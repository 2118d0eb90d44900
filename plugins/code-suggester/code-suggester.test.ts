import { type Behaviour, openPlugin, type OpenPlugin, type ProviderServer, startAnthropicServer } from '@anneal/plugins/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

const apiKey = 'sk-ant-test-4f9a8b7c6d5e';
const suggestion = { title: 'A loop', language: 'python', code: 'for i in range(3):\n    print(i)', explanation: 'Counts.' };
const answering = (input: Record<string, unknown> | string): Behaviour => ({ text: '', toolCalls: [{ name: 'suggest_code', input }] });

const models: Record<string, Behaviour> = {
  'claude-sonnet-5-5': answering({
    suggestions: [suggestion, { ...suggestion, title: 'Another' }, { ...suggestion, title: 'One too many' }],
  }),
  chatty: 'Here is your code: for i in range(3)',
  sloppy: answering({ suggestions: [{ title: 'No code' }] }),
  endless: { toolCalls: [{ name: 'suggest_code', input: '{"suggestions": [{"title": "A lo' }], finishReason: 'length' },
  refusing: { text: 'No.', finishReason: 'refusal' },
  busy: { failure: { type: 'rateLimited', retryAfterSeconds: 3 } },
};

let server: ProviderServer;
let plugin: OpenPlugin;

beforeAll(async () => {
  server = await startAnthropicServer({ apiKey, models });
  plugin = await openPlugin('code-suggester', {});
});
beforeEach(() => plugin.configure({ apiKey, baseUrl: server.url }));
afterAll(async () => {
  await plugin[Symbol.asyncDispose]();
  await server.close();
});

it('gives as many suggestions as were asked for, with their tokens', async () => {
  const request = { instruction: 'Count to three.', language: 'python', code: 'print(1)', suggestions: 2 };
  expect(await plugin.call('suggest', request)).toEqual({
    suggestions: [suggestion, { ...suggestion, title: 'Another' }],
    usage: expect.objectContaining({ outputTokens: 1 }),
  });
  const { body, text } = server.requests.at(-1)!;
  expect(text).toContain('<code>\nprint(1)\n</code>');
  expect(text).toContain('Programming language: python');
  expect(text).toContain('Give 2 suggestions.');
  expect(body.tools).toMatchObject([{ name: 'suggest_code', input_schema: { required: ['suggestions'] } }]);
  // Newer models answer it with an error.
  expect(body).not.toHaveProperty('tool_choice');
});

it.each([
  ['chatty', 'MALFORMED_REPLY', 'no suggestions that can be used'],
  ['sloppy', 'MALFORMED_REPLY', 'no suggestions that can be used'],
  ['endless', 'CONTEXT_TOO_LONG', 'Raise maxTokens'],
  ['refusing', 'INVALID_REQUEST', 'declines'],
  ['busy', 'RATE_LIMITED', 'asked too often'],
])('a model that is %s: %s', async (model, code, message) => {
  await plugin.configure({ apiKey, baseUrl: server.url, model });
  await expect(plugin.call('suggest', { instruction: 'Count.' })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
});

it('says where the key is to be set, and what is wrong with a request', async () => {
  await expect(plugin.call('suggest', { instruction: '' })).rejects.toThrow('instruction');
  await expect(plugin.call('suggest', { instruction: 'Count.', suggestions: 11 })).rejects.toThrow('suggestions');
  await plugin.configure({});
  await expect(plugin.call('suggest', { instruction: 'Count.' })).rejects.toMatchObject({ code: 'AUTHENTICATION' });
});
