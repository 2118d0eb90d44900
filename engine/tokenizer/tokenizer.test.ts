import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadTokenizer } from './tokenizer.ts';

const golden = new URL('golden/', import.meta.url);
const caseSchema = z.array(z.object({ text: z.string(), ids: z.array(z.number()), plain: z.array(z.number()), decoded: z.string() }));
const encodings = z
  .object({ 'byte-level': caseSchema, sentencepiece: caseSchema })
  .parse(JSON.parse(await readFile(new URL('encodings.json', golden), 'utf8')));

const kinds = [
  { kind: 'byte-level', bos: '<|begin|>', eos: '<|end|>' },
  { kind: 'sentencepiece', bos: '<s>', eos: '</s>' },
] as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-tokenizer-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, content: unknown) =>
  writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
const use = (kind: string) => copyFile(new URL(`${kind}/tokenizer.json`, golden), join(folder, 'tokenizer.json'));

async function load(kind: 'byte-level' | 'sentencepiece', config: Record<string, unknown> = {}) {
  await use(kind);
  const { bos, eos } = kinds.find((entry) => entry.kind === kind) ?? kinds[0];
  await write('tokenizer_config.json', { bos_token: bos, eos_token: eos, ...config });
  return loadTokenizer(folder);
}

describe.each(kinds)('$kind', ({ kind }) => {
  it.each(encodings[kind])('agrees with the reference library on $text', async ({ text, ids, plain, decoded }) => {
    const tokenizer = await load(kind);
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(plain);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it.each(encodings[kind])('streams what it decodes, without half characters: $text', async ({ text, ids, decoded }) => {
    const tokenizer = await load(kind);
    const decoder = tokenizer.streamDecoder();
    const parts = ids.map((id) => decoder.push(id));
    if (!text.includes('\ufffd')) for (const part of parts) expect(part).not.toContain('\ufffd');
    expect(parts.join('') + decoder.end()).toBe(decoded);
    // A stream may be used again.
    expect(ids.map((id) => decoder.push(id)).join('') + decoder.end()).toBe(decoded);
  });

  it('encodes a continuation so that both parts read as one', async () => {
    const tokenizer = await load(kind);
    for (const [first, second] of [
      ['def add', '(a, b)'],
      ['Say:\n', 'Grüße'],
      ['a ', ' b'],
      ['x', ''],
      ['x', '\n\ny'],
    ] as const) {
      const ids = [...tokenizer.encode(first), ...tokenizer.encodeContinuation(second)];
      expect(tokenizer.decode(ids)).toBe(first + second);
    }
  });
});

describe('stream', () => {
  it('gives text as soon as it is certain', async () => {
    const tokenizer = await load('byte-level');
    const decoder = tokenizer.streamDecoder();
    expect(
      tokenizer
        .encode('def add', { addSpecialTokens: false })
        .map((id) => decoder.push(id))
        .join(''),
    ).toBe('def add');
  });

  it('ends an unfinished character as decode does', async () => {
    const tokenizer = await load('byte-level');
    const ids = tokenizer.encode('a🙂', { addSpecialTokens: false }).slice(0, -1);
    const decoder = tokenizer.streamDecoder();
    expect(ids.map((id) => decoder.push(id)).join('')).toBe('a');
    expect(decoder.end()).toMatch(/^\ufffd+$/);
    expect(decoder.end()).toBe('');
  });

  it('does not wait forever for bytes that are no text', async () => {
    const tokenizer = await load('byte-level');
    const [byte = 0] = tokenizer.encode('🙂', { addSpecialTokens: false }).slice(-1);
    const decoder = tokenizer.streamDecoder();
    const parts = Array.from({ length: 200 }, () => decoder.push(byte));
    expect(parts.filter((part) => part !== '').length).toBeGreaterThan(5);
  });

  it('shows special tokens only when asked to', async () => {
    const tokenizer = await load('byte-level');
    const ids = tokenizer.encode('<|user|>hi<|end|>');
    const hidden = tokenizer.streamDecoder();
    expect(ids.map((id) => hidden.push(id)).join('') + hidden.end()).toBe('hi');
    const shown = tokenizer.streamDecoder({ skipSpecialTokens: false });
    expect(ids.map((id) => shown.push(id)).join('') + shown.end()).toBe('<|begin|><|user|>hi<|end|>');
  });

  it('agrees with decode on random tokens', async () => {
    for (const { kind } of kinds) {
      const tokenizer = await load(kind);
      let state = 7;
      const next = () => (state = (state * 48271) % 2147483647);
      for (let round = 0; round < 50; round++) {
        const text = String.fromCodePoint(
          ...Array.from(
            { length: 12 },
            () => [0x20 + (next() % 90), 0xe0 + (next() % 60), 0x4e00 + (next() % 500), 0x1f600 + (next() % 60)][next() % 4] ?? 65,
          ),
        );
        const ids = tokenizer.encode(text);
        const decoder = tokenizer.streamDecoder();
        expect(ids.map((id) => decoder.push(id)).join('') + decoder.end()).toBe(tokenizer.decode(ids));
      }
    }
  });
});

describe('special tokens', () => {
  it('come from tokenizer_config.json, as text or as an object', async () => {
    const tokenizer = await load('byte-level', { eos_token: { content: '<|end|>', lstrip: false }, pad_token: '<|user|>' });
    const { eosTokenId, bosTokenId, padTokenId, eosToken } = tokenizer;
    expect({ eosTokenId, bosTokenId, padTokenId, eosToken }).toEqual({ eosTokenId: 1, bosTokenId: 0, padTokenId: 2, eosToken: '<|end|>' });
    expect([tokenizer.vocabularySize, tokenizer.tokenId('<|assistant|>'), tokenizer.tokenId('none such')]).toEqual([400, 3, null]);
  });

  it('come from special_tokens_map.json, then config.json', async () => {
    await use('byte-level');
    await write('special_tokens_map.json', { eos_token: { content: '<|end|>' } });
    await write('config.json', { eos_token_id: [3, 1], bos_token_id: 0 });
    expect(await loadTokenizer(folder)).toMatchObject({ eosTokenId: 1, bosTokenId: 0, padTokenId: 1 });
    await rm(join(folder, 'special_tokens_map.json'));
    expect(await loadTokenizer(folder)).toMatchObject({ eosTokenId: 3, eosToken: '<|assistant|>' });
  });

  it('must exist', async () => {
    await expect(load('byte-level', { eos_token: '<|nothing|>' })).rejects.toMatchObject({
      code: 'TOKENIZER_BROKEN',
      message: expect.stringContaining('<|nothing|>'),
    });
    await expect(load('byte-level', { eos_token: null })).rejects.toMatchObject({
      code: 'TOKENIZER_BROKEN',
      message: expect.stringContaining('eos_token'),
    });
    await write('config.json', { eos_token_id: 4000 });
    await expect(load('byte-level', { eos_token: null })).rejects.toMatchObject({
      code: 'TOKENIZER_BROKEN',
      message: expect.stringContaining('4000'),
    });
  });
});

describe('chat template', () => {
  const template =
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m['content'] | trim }}{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";
  const messages = [{ role: 'user', content: ' hi ' }];

  it.each([
    ['as a text', 'tokenizer_config.json', { chat_template: template }],
    [
      'by name',
      'tokenizer_config.json',
      {
        chat_template: [
          { name: 'tool_use', template: 'x' },
          { name: 'default', template },
        ],
      },
    ],
    ['in a file of its own', 'chat_template.jinja', template],
  ])('is read %s', async (_, name, content) => {
    const tokenizer = await load('byte-level', typeof content === 'string' ? {} : content);
    if (typeof content === 'string') await write(name, content);
    const reloaded = typeof content === 'string' ? await loadTokenizer(folder) : tokenizer;
    expect(reloaded.hasChatTemplate).toBe(true);
    expect(reloaded.applyChatTemplate(messages)).toBe('<|begin|><|user|>hi<|end|>\n');
    expect(reloaded.applyChatTemplate(messages, { addGenerationPrompt: true })).toBe('<|begin|><|user|>hi<|end|>\n<|assistant|>');
  });

  it('is another one for conversations with tools, where the folder has it', async () => {
    const named = [
      { name: 'default', template },
      { name: 'tool_use', template: '{% for tool in tools %}{{ tool.name }}{% endfor %}: {{ messages[0].content }}' },
    ];
    const tokenizer = await load('byte-level', { chat_template: named });
    expect(tokenizer.applyChatTemplate(messages, { tools: [{ name: 'weather' }] })).toBe('weather:  hi ');
    expect(tokenizer.applyChatTemplate(messages, { tools: [] })).toBe(tokenizer.applyChatTemplate(messages));
  });

  it('may refuse a conversation, in its own words', async () => {
    const tokenizer = await load('byte-level', { chat_template: "{{ raise_exception('Roles must alternate') }}" });
    expect(() => tokenizer.applyChatTemplate(messages)).toThrow('Roles must alternate');
  });

  it('is not there, or is broken', async () => {
    const tokenizer = await load('byte-level');
    expect(tokenizer.hasChatTemplate).toBe(false);
    expect(() => tokenizer.applyChatTemplate(messages)).toThrow('no chat template');
    await expect(load('byte-level', { chat_template: '{% for %}' })).rejects.toMatchObject({ code: 'TOKENIZER_BROKEN' });
  });
});

describe('refuses', () => {
  it('a folder without tokenizer.json', async () => {
    await expect(loadTokenizer(folder)).rejects.toMatchObject({
      code: 'TOKENIZER_BROKEN',
      message: expect.stringContaining('no tokenizer.json'),
    });
    await expect(loadTokenizer(join(folder, 'none'))).rejects.toMatchObject({ code: 'TOKENIZER_BROKEN' });
  });

  const model = { type: 'BPE', vocab: { a: 0 }, merges: [] };
  it.each([
    ['{', 'not a JSON object'],
    ['[]', 'not a JSON object'],
    [{}, 'model'],
    [{ model: { type: 'BPE', vocab: { a: -1 }, merges: [] } }, 'model.vocab'],
    [{ model: { type: 'BPE', vocab: { a: 1e12 }, merges: [] } }, 'model.vocab'],
    [{ model, added_tokens: [{ id: 0 }] }, 'added_tokens.0.content'],
    [{ model: { ...model, type: 'Nothing' } }, 'model.type'],
    [{ model, decoder: { type: 'Nothing' } }, 'cannot be used'],
  ])('%j', async (content, expected) => {
    await write('tokenizer.json', content);
    await write('tokenizer_config.json', { eos_token: 'a' });
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code: 'TOKENIZER_BROKEN', message: expect.stringContaining(expected) });
  });

  it('a broken tokenizer_config.json', async () => {
    await use('byte-level');
    for (const content of ['{', { eos_token: 5 }, { chat_template: 5 }]) {
      await write('tokenizer_config.json', content);
      await expect(loadTokenizer(folder)).rejects.toMatchObject({
        code: 'TOKENIZER_BROKEN',
        message: expect.stringContaining('tokenizer_config.json'),
      });
    }
  });

  it('a tokenizer whose unknown token is not in its vocabulary, when it is needed', async () => {
    await write('tokenizer.json', { model: { type: 'BPE', vocab: { a: 0 }, merges: [], unk_token: '<unk>' } });
    await write('tokenizer_config.json', { eos_token: 'a' });
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.encode('a')).toEqual([0]);
    expect(() => tokenizer.encode('b')).toThrow('names a token that it does not have');
  });
});
