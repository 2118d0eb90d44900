import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { decoded, load, loadPairs, makeTokenizer, only, specialTokens } from '../testing/load.ts';

/** In the manner of Qwen: tools in the system turn, calls as JSON between tags. */
const toolTemplate = `{% if tools %}<|system|>tools:{% for tool in tools %} {{ tool.function.name }}{% endfor %}<|end|>
{% endif %}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% if m.tool_calls %}{% for call in m.tool_calls %}<call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</call>{% endfor %}{% endif %}<|end|>
{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`;

let folder: string;
let plain: Tokenizer;
let chat: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-formats-'));
  plain = await makeTokenizer(folder, 'byte-level', specialTokens);
  chat = await makeTokenizer(folder, 'byte-level', { eos_token: '<|end|>', chat_template: toolTemplate });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = async (row: unknown, tokenizer: Tokenizer, settings: Parameters<typeof load>[0] = {}) => {
  const { train, format } = await load({ maxLength: 512, ...settings }, tokenizer, { rows: [row] });
  return { format, ...only(train, tokenizer) };
};

const weather = {
  tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
  messages: [
    { role: 'user', content: 'Rain in Bern?' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city": "Bern"}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'dry' },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'No, ' },
        { type: 'text', text: 'it is dry.' },
      ],
    },
  ],
};

describe('messages', () => {
  it('give tools and calls to the chat template, and learn both answers', async () => {
    expect(await read(weather, chat)).toEqual({
      format: 'messages',
      text: '<|system|>tools: weather<|end|>\n<|user|>Rain in Bern?<|end|>\n<|assistant|><call>{"name": "weather", "arguments": {"city": "Bern"}}</call><|end|>\n<|tool|>dry<|end|>\n<|assistant|>No, it is dry.<|end|>',
      targets: ['<call>{"name": "weather", "arguments": {"city": "Bern"}}</call><|end|>', 'No, it is dry.<|end|>'],
    });
  });

  it('may be JSON text, as CSV holds them', async () => {
    const row = { messages: JSON.stringify(weather.messages), tools: JSON.stringify(weather.tools) };
    expect(await read(row, chat)).toEqual(await read(weather, chat));
    expect((await read({ messages: JSON.stringify([{ role: 'assistant', content: 'x' }]), tools: '' }, chat)).targets).toEqual([
      'x<|end|>',
    ]);
  });

  it('of weight 0 are context', async () => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'bad', weight: 0 },
      { role: 'user', content: 'c' },
      { role: 'assistant', content: 'd', weight: 1 },
    ];
    for (const tokenizer of [plain, chat]) expect((await read({ messages }, tokenizer)).targets).toEqual(['d<|end|>']);
  });

  it.each([
    [{ messages: [{ role: 'user' }, { role: 'assistant', content: 'x' }] }, '"messages.0.content" is missing'],
    [{ messages: [{ role: 'assistant', content: [{ type: 'image_url', url: 'x' }] }] }, 'only parts of the type "text" can be learned'],
    [{ messages: [{ role: 'assistant', content: 7 }] }, '"messages.0.content" is a number, not a text'],
    [
      { messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: 'x = 1' } }] }] },
      '"messages.0.tool_calls.0.function.arguments" is a text, not a JSON object',
    ],
    [{ messages: weather.messages, tools: [7] }, '"tools.0" is a number'],
  ])('%j: %s', async (row, message) => {
    await expect(read(row, chat)).rejects.toThrow(message);
  });

  it('with tools need a chat template', async () => {
    await expect(read(weather, plain)).rejects.toThrow('row 1: Tools need a chat template, and the model has none');
  });
});

describe('sharegpt', () => {
  const conversations = [
    { from: 'human', value: 'a' },
    { from: 'gpt', value: 'b' },
  ];
  it('is read with its system message', async () => {
    const { format, text, targets } = await read({ conversations, system: 'Be short.' }, plain);
    expect([format, targets]).toEqual(['sharegpt', ['b<|end|>']]);
    expect(text).toBe('<|begin|>Be short.\n\n### Instruction:\na\n\n### Response:\nb<|end|>');
  });

  it('knows calls of functions', async () => {
    const calls = [
      { from: 'human', value: 'a' },
      { from: 'function_call', value: '{"name": "weather", "arguments": {"city": "Bern"}}' },
      { from: 'observation', value: 'dry' },
      { from: 'gpt', value: 'Dry.' },
    ];
    const { text } = await read({ conversations: calls, tools: JSON.stringify(weather.tools) }, chat);
    expect(text).toContain('<|assistant|><call>{"name": "weather", "arguments": {"city": "Bern"}}</call><|end|>\n<|tool|>dry<|end|>');
  });

  it.each([
    [[{ from: 'alien', value: 'x' }], /"conversations\.0\.from" must be one of human, user, gpt/],
    [[{ from: 'human', value: 'x' }], /"conversations": nothing is from gpt/],
    [[{ from: 'function_call', value: 'call me' }], /"conversations\.0\.value" is not a call as JSON/],
    [[{ from: 'gpt' }], /"conversations\.0\.value" is missing/],
  ])('refuses %j', async (list, message) => {
    await expect(read({ conversations: list }, plain)).rejects.toThrow(message);
  });
});

describe('alpaca and prompt-completion', () => {
  it('have a system message, and messages in place of texts', async () => {
    expect((await read({ system: 'Short.', instruction: 'a', input: '', output: 'b' }, chat)).text).toBe(
      '<|system|>Short.<|end|>\n<|user|>a<|end|>\n<|assistant|>b<|end|>',
    );
    const row = { prompt: [{ role: 'user', content: 'a' }], completion: [{ role: 'assistant', content: 'b' }] };
    for (const tokenizer of [plain, chat]) expect((await read(row, tokenizer)).targets).toEqual(['b<|end|>']);
  });

  it('leave an answer that is JSON as it is', async () => {
    const completion = '[{"city": "Bern"}]';
    expect((await read({ prompt: 'Cities?', completion }, plain)).targets).toEqual([`${completion}<|end|>`]);
  });
});

describe('what the loss is taken on', () => {
  const row = {
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
      { role: 'assistant', content: 'd' },
    ],
  };
  it('all turns of the assistant, the last one, or everything', async () => {
    for (const tokenizer of [plain, chat]) {
      expect((await read(row, tokenizer)).targets).toEqual(['b<|end|>', 'd<|end|>']);
      expect((await read(row, tokenizer, { lossOn: 'completions' })).targets).toEqual(['d<|end|>']);
      const { text, targets } = await read(row, tokenizer, { lossOn: 'all' });
      expect(targets).toEqual([text]);
      expect(text).toBe((await read(row, tokenizer)).text);
    }
  });
});

describe('truncation', () => {
  const row = { prompt: 'one two three '.repeat(5), completion: 'yes' };
  it('cuts the beginning behind the begin token, or drops', async () => {
    const { text } = await read(row, plain);
    const start = await read(row, plain, { maxLength: 16, truncation: 'start' });
    expect(start.targets).toEqual(['yes<|end|>']);
    expect(start.text.startsWith('<|begin|>')).toBe(true);
    expect(text.endsWith(start.text.slice('<|begin|>'.length))).toBe(true);
    expect(plain.encode(start.text, { addSpecialTokens: false }).length).toBe(16);
    const rows = [row, { prompt: 'a', completion: 'b' }];
    const { train, warnings } = await load({ maxLength: 16, truncation: 'drop' }, plain, { rows });
    expect(only(train, plain).targets).toEqual(['b<|end|>']);
    expect(warnings).toEqual(['1 row was skipped because there are more than 16 tokens (row 1).']);
  });
});

describe('preference', () => {
  const pair = async (row: unknown, tokenizer: Tokenizer, settings: Parameters<typeof loadPairs>[0] = {}) => {
    const { train, format, warnings } = await loadPairs({ maxLength: 512, ...settings }, tokenizer, { rows: [row] });
    const [example, ...others] = train;
    if (!example || others.length > 0) throw new Error(`${train.length} pairs`);
    expect(format).toBe('preference');
    return { chosen: decoded(example.chosen, tokenizer), rejected: decoded(example.rejected, tokenizer), example, warnings };
  };
  const user = { role: 'user', content: 'Which?' };
  const answer = (content: string) => ({ role: 'assistant', content });

  it('reads prompt and answers as texts, plain or by the chat template', async () => {
    const row = { prompt: 'Which?', chosen: 'This.', rejected: 'That one.' };
    expect(await pair(row, plain)).toMatchObject({
      chosen: { text: '<|begin|>Which?This.<|end|>', targets: ['This.<|end|>'] },
      rejected: { text: '<|begin|>Which?That one.<|end|>', targets: ['That one.<|end|>'] },
    });
    expect((await pair(row, chat)).chosen.text).toBe('<|user|>Which?<|end|>\n<|assistant|>This.<|end|>');
    expect((await pair({ ...row, system: 'Be short.' }, chat)).rejected.text).toBe(
      '<|system|>Be short.<|end|>\n<|user|>Which?<|end|>\n<|assistant|>That one.<|end|>',
    );
  });

  it.each([
    ['a prompt of messages', { prompt: [user], chosen: [answer('This.')], rejected: [answer('That.')] }],
    ['a prompt of messages and answers as text', { prompt: [user], chosen: 'This.', rejected: 'That.' }],
    ['whole conversations', { chosen: [user, answer('This.')], rejected: [user, answer('That.')] }],
    ['whole conversations beside their prompt', { prompt: 'Which?', chosen: [user, answer('This.')], rejected: [user, answer('That.')] }],
  ])('reads %s', async (_name, row) => {
    for (const tokenizer of [plain, chat]) {
      const { chosen, rejected } = await pair(row, tokenizer);
      expect([chosen.targets, rejected.targets]).toEqual([['This.<|end|>'], ['That.<|end|>']]);
      expect(chosen.text.split('Which?').length).toBe(2);
      expect(chosen.text.replace('This.', 'That.')).toBe(rejected.text);
    }
  });

  it('learns only what differs in longer conversations', async () => {
    const begin = [user, answer('Hm.'), user];
    const { chosen } = await pair({ chosen: [...begin, answer('This.')], rejected: [...begin, answer('That.')] }, chat);
    expect(chosen.targets).toEqual(['This.<|end|>']);
  });

  it('takes the common beginning of two texts for the prompt, as it is', async () => {
    const begin = '\n\nHuman: Which?\n\nAssistant:';
    const row = { chosen: `${begin} This one.`, rejected: `${begin} Thirty.` };
    for (const tokenizer of [plain, chat]) {
      const { chosen, rejected } = await pair(row, tokenizer);
      expect([chosen.targets, rejected.targets]).toEqual([[' This one.<|end|>'], [' Thirty.<|end|>']]);
      expect(chosen.text).toContain(begin);
    }
  });

  it('cuts both sides alike', async () => {
    const row = { prompt: 'one two three '.repeat(5), chosen: 'yes', rejected: 'no it is not' };
    const { example, chosen, rejected } = await pair(row, plain, { maxLength: 16, truncation: 'start' });
    expect(rejected.targets).toEqual(['no it is not<|end|>']);
    expect(chosen.targets).toEqual(['yes<|end|>']);
    const prompt = example.rejected.labels.findIndex((label) => label !== -100);
    expect(example.rejected.inputIds.length).toBe(16);
    expect(example.chosen.inputIds.slice(0, prompt)).toEqual(example.rejected.inputIds.slice(0, prompt));
    expect(example.chosen.labels.findIndex((label) => label !== -100)).toBe(prompt);
    const end = await pair({ prompt: 'a', chosen: 'b '.repeat(40), rejected: 'c' }, plain, { maxLength: 16 });
    expect([end.example.chosen.inputIds.length, end.warnings.length]).toEqual([16, 1]);
  });

  it.each([
    [{ prompt: 'a', chosen: 'same', rejected: 'same' }, /skipped because both answers are the same/],
    [{ chosen: 'yes', rejected: 'no' }, /"prompt" is missing, and chosen and rejected have no beginning in common/],
    [{ prompt: 'a', chosen: [user], rejected: [answer('x')] }, /"chosen": no message has the role "assistant"/],
    [{ prompt: 'a', chosen: 'x' }, /is in no format that is known|"rejected" is missing/],
    [{ prompt: 'long '.repeat(300), chosen: 'x', rejected: 'y' }, /the prompt alone fills the maximum length/],
    [{ text: 'x' }, /is in the format text, but this method learns from pairs/],
  ])('refuses %j', async (row, message) => {
    await expect(pair(row, plain, { maxLength: 64 })).rejects.toThrow(message);
  });

  it('is not for methods that take single answers, and cannot be packed', async () => {
    const rows = [{ prompt: 'a', chosen: 'b', rejected: 'c' }];
    await expect(load({}, plain, { rows })).rejects.toThrow('holds pairs of answers');
    await expect(loadPairs({ packing: true }, plain, { rows })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      issues: [{ path: 'data.packing' }],
    });
    const { train } = await load({ format: 'prompt-completion', columns: { completion: 'chosen' } }, plain, { rows });
    expect(only(train, plain).targets).toEqual(['b<|end|>']);
  });
});

describe('the column map', () => {
  const rows = [{ question: 'a', answer: 'b', n: 1 }];
  it('names the fields of a format', async () => {
    const { train, format } = await load({ columns: { prompt: 'question', completion: 'answer' } }, plain, { rows });
    expect([format, only(train, plain).text]).toEqual(['prompt-completion', '<|begin|>ab<|end|>']);
  });

  it.each([
    [
      { prompt: 'questions', completion: 'answer' },
      'data.columns.prompt',
      'There is no column "questions"; the dataset has "question", "answer", "n".',
    ],
    [
      { prompt: 'question', completion: 'answer', label: 'n' },
      'data.columns.label',
      'The format prompt-completion has no field "label"; it has "prompt", "completion", "tools".',
    ],
  ])('says what is wrong in %j', async (columns, path, message) => {
    await expect(load({ format: 'prompt-completion', columns }, plain, { rows })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      issues: [{ path, message }],
    });
  });

  it('advises it when no format fits', async () => {
    await expect(load({}, plain, { rows })).rejects.toThrow(
      /first row has "question", "answer", "n".*say in data\.columns which is which/s,
    );
    await expect(load({ columns: { prompt: 'what' } }, plain, { rows })).rejects.toThrow('There is no column "what"');
  });
});
