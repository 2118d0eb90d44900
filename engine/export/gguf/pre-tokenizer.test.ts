import { expect, it } from 'vitest';
import { bundledModelFolder } from '../../bundled/bundled.ts';
import { readJson } from '../../tokenizer/special-tokens.ts';
import { closestPreTokenizer } from './pre-tokenizer.ts';

/** Merges across what pre-tokenizers cut differently, so that each of them gives other tokens. */
const merges = ['1 2', '12 3', '3 4', '( a', "' s", "' L", 'Ġ Ġ', 'ĠĠ Ġ', 'Ċ Ċ', 'Ġ 1', 'Ġ (', '. m', ') Ċ', 'ĉ c', 'd N', '; Ċ', '{ Ċ'];
const bytes = [...Array(94).keys()].map((code) => String.fromCharCode(33 + code)).concat(['Ġ', 'Ċ', 'ĉ', 'č']);
const upper = [...Array(256).keys()].map((code) => String.fromCharCode(0xa1 + code));
const tokens = [...new Set([...bytes, ...upper, ...merges.map((merge) => merge.replace(' ', ''))])];
const model = { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges, ignore_merges: false };
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
const tokenizer = (steps: object[], ignore = false) => ({
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  post_processor: null,
  decoder: { ...byteLevel, use_regex: true },
  pre_tokenizer: { type: 'Sequence', pretokenizers: steps },
  model: { ...model, ignore_merges: ignore },
});
const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });
const words = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|NUMBERS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

it.each([
  ['gpt-2', 'GPT-2', tokenizer([{ ...byteLevel, use_regex: true }])],
  [
    'smollm',
    'SmolLM',
    tokenizer([
      { type: 'Digits', individual_digits: true },
      { ...byteLevel, use_regex: true },
    ]),
  ],
  ['qwen2', 'Qwen2', tokenizer([split(words.replace('NUMBERS', String.raw`\p{N}`)), byteLevel])],
  ['llama-bpe', 'Llama 3', tokenizer([split(words.replace('NUMBERS', String.raw`\p{N}{1,3}`)), byteLevel], true)],
  [
    'deepseek-coder',
    'DeepSeek-Coder',
    tokenizer([
      split('[\r\n]'),
      split(String.raw`\s?\p{L}+`),
      split(String.raw`\s?\p{P}+`),
      split('[一-龥ࠀ-一가-퟿]+'),
      { type: 'Digits', individual_digits: true },
      byteLevel,
    ]),
  ],
])('recognises %s as %s has it', (name, _model, json) => {
  expect(closestPreTokenizer(json, {})).toEqual({ name, agreement: 1 });
});

it('says how close the closest comes where there is none', async () => {
  const json = await readJson(`${bundledModelFolder}/tokenizer.json`);
  const { name, agreement } = closestPreTokenizer(json ?? {}, {});
  expect(name).toBe('superbpe');
  expect(agreement).toBeGreaterThan(0.5);
  expect(agreement).toBeLessThan(1);
});
