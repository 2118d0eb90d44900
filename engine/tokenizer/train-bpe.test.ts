import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { Template } from '@huggingface/jinja';
import { describe, expect, it } from 'vitest';
import {
  chatTemplate,
  specialTokens,
  splitPattern,
  tokenizerConfigJson,
  tokenizerJson,
  trainBpe,
  writeTokenizer,
  type BpeVocabulary,
} from './train-bpe.ts';

const code = `/** Returns the sum of the squares of the even numbers. */
function sumOfSquaresEven(numbers) {
  return numbers.filter((n) => n % 2 === 0).map((n) => n * n).reduce((total, n) => total + n, 0);
}

function countLongWords(words) {
  return words.filter((w) => w.length > 12).length;
}
`;
const samples = [
  code,
  'camelCase HTMLParser fooBar2Baz ABC aB',
  'Ünïcödé 漢字 тест 😀👩‍🚀 ǅ İıſ ª',
  '  two  spaces\ttab\r\n\r\n  next\n\n\n   end   ',
  'no-break\u00a0space \ufeff bom \u0085 \u2028 line',
  "don't 1234.5e-6 `${value}` => ({})",
  '<|user|>\nhello<|end|>\n<|assistant|>\n',
  '\u0000\u0001\u007f',
  '',
];

const trained = trainBpe([code, code, samples[1] ?? ''], 340);
const tokenizer = new Tokenizer(tokenizerJson(trained), tokenizerConfigJson(256));

/** The definition, step by step: cut, write as bytes, apply the merges one after the other. */
function encodeByDefinition({ tokens, merges }: BpeVocabulary, text: string): number[] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const first = specialTokens.length;
  return [...text.matchAll(new RegExp(splitPattern, 'gu'))].flatMap(([piece]) => {
    let parts = Array.from(new TextEncoder().encode(piece), (byte) => tokens[byte + first] ?? '');
    for (const [left, right] of merges) {
      const joined: string[] = [];
      for (const part of parts) {
        if (part === right && joined.at(-1) === left) joined.splice(-1, 1, left + right);
        else joined.push(part);
      }
      parts = joined;
    }
    return parts.map((part) => ids.get(part) ?? -1);
  });
}

describe('training', () => {
  it('merges the most frequent pair first, the older pair of equals', () => {
    const { tokens, merges } = trainBpe(['abab abab cd'], 262, 1);
    expect(merges).toEqual([
      ['a', 'b'],
      ['ab', 'ab'],
      ['Ġ', 'c'],
    ]);
    expect(tokens.slice(259)).toEqual(['ab', 'abab', 'Ġc']);
  });

  it('gives the same vocabulary each time, whatever the texts are split into', () => {
    expect(trainBpe([code, code], 380)).toEqual(trainBpe([code, code], 380));
    expect(trainBpe([code, code], 380)).toEqual(trainBpe([`${code}${code}`], 380));
  });

  it('stops at the size asked for, and where pairs become too rare', () => {
    expect(trained.tokens).toHaveLength(340);
    expect(new Set(trained.tokens).size).toBe(340);
    expect(trainBpe(['ab ab ab xy xy'], 2000, 3).merges).toEqual([['a', 'b']]);
  });

  it('refuses a size that has no room for bytes', () => {
    expect(() => trainBpe(['a'], 100)).toThrow('at least 259');
  });

  it('keeps words of camel case, digits and indents in tokens of their own', () => {
    expect([...'sumOfSquares12(x) {\n  return'.matchAll(new RegExp(splitPattern, 'gu'))].map(([piece]) => piece)).toEqual([
      'sum', 'Of', 'Squares', '1', '2', '(', 'x', ')', ' {', '\n  ', 'return',
    ]); // prettier-ignore
  });
});

describe('the trained tokenizer, as Hugging Face reads it', () => {
  it.each(samples.map((text) => [text]))('gives the ids of the definition and the text back: %j', (text) => {
    const { ids } = tokenizer.encode(text);
    expect(ids.length === 0 ? '' : tokenizer.decode(ids, { clean_up_tokenization_spaces: false })).toBe(text);
    if (!specialTokens.some((token) => text.includes(token))) expect(ids).toEqual(encodeByDefinition(trained, text));
  });

  it('keeps every code point', () => {
    let seed = 1;
    for (let round = 0; round < 50; round += 1) {
      const points = Array.from({ length: 30 }, () => {
        seed = (seed * 48271) % 2147483647;
        const point = seed % 0x11000;
        return point >= 0xd800 && point <= 0xdfff ? 0x20 : point;
      });
      const text = String.fromCodePoint(...points);
      expect(tokenizer.decode(tokenizer.encode(text).ids, { clean_up_tokenization_spaces: false })).toBe(text);
    }
  });

  it('has the special tokens first', () => {
    expect(tokenizer.encode(specialTokens.join('')).ids).toEqual([0, 1, 2]);
  });
});

describe('the chat template', () => {
  const template = new Template(chatTemplate);
  const messages = [
    { role: 'user', content: 'Write f' },
    { role: 'assistant', content: 'function f() {}' },
  ];

  it('writes whole conversations', () => {
    expect(template.render({ messages })).toBe('<|user|>\nWrite f<|end|>\n<|assistant|>\nfunction f() {}<|end|>\n');
  });

  it('ends a prompt where the answer begins', () => {
    expect(template.render({ messages: messages.slice(0, 1), add_generation_prompt: true })).toBe(
      '<|user|>\nWrite f<|end|>\n<|assistant|>\n',
    );
  });
});

it('writes both files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
  try {
    await writeTokenizer(join(folder, 'new'), trained, 256);
    const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(folder, 'new', name), 'utf8'));
    expect(await read('tokenizer.json')).toEqual(tokenizerJson(trained));
    expect(await read('tokenizer_config.json')).toMatchObject({
      eos_token: '<|end|>',
      pad_token: '<|end|>',
      model_max_length: 256,
      chat_template: chatTemplate,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
