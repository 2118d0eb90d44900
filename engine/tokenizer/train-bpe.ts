import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Ends a document or a message; also stands for padding. */
const endToken = '<|end|>';
const userToken = '<|user|>';
const assistantToken = '<|assistant|>';
/** In the order of their ids, from 0. */
export const specialTokens: readonly string[] = [endToken, userToken, assistantToken];

/**
 * Cuts a text into the pieces within which merges may happen. Made for code: `camelCase` is cut where a capital begins, so
 * that a word is one token wherever it stands; digits stand alone, so that a number is read the way it is written; a line
 * break takes the indent of the next line with it. Only classes that mean the same to every regex engine are used.
 */
export const splitPattern = String.raw`[ \t]*[\r\n][ \t\r\n]*| ?\p{Lu}?\p{Ll}+| ?\p{Lu}+(?!\p{Ll})| ?\p{L}+|\p{N}| ?[^\p{L}\p{N} \t\r\n]+|[ \t]+`;

/** Every message begins with its role and ends with the end token; a prompt for generation ends where the answer begins. */
export const chatTemplate =
  "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '<|assistant|>\\n' }}{% else %}{{ '<|user|>\\n' }}{% endif %}" +
  "{{ message['content'] + '<|end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}";

/** A trained vocabulary: id of a token is its place. The tokens are in GPT-2's byte alphabet, special tokens first. */
export interface BpeVocabulary {
  tokens: string[];
  /** In the order in which they are applied. */
  merges: [string, string][];
}

/**
 * Trains a byte-level BPE (Sennrich et al. 2016, over bytes as in GPT-2). Ties go to the pair whose tokens are older, so
 * the same texts give the same vocabulary.
 * @param texts The sample, without special tokens.
 * @param vocabularySize Tokens in all: 3 special ones, 256 bytes, and merges. At least 259.
 * @param minimumCount Pairs seen less often than this are not merged; the vocabulary is then smaller.
 */
export function trainBpe(texts: Iterable<string>, vocabularySize: number, minimumCount = 2): BpeVocabulary {
  const tokens = [...specialTokens, ...byteAlphabet];
  if (vocabularySize < tokens.length) throw new RangeError(`vocabularySize is ${vocabularySize}; it must be at least ${tokens.length}.`);
  const merges: [string, string][] = [];
  const words = countWords(texts);
  const pairs = new Map<number, Pair>();
  words.forEach((word, index) => addPairs(pairs, word, index));

  while (tokens.length < vocabularySize) {
    const best = mostFrequent(pairs);
    if (!best || best.count < minimumCount) break;
    const merged = tokens.length;
    const [left, right] = [textOf(tokens, best.left), textOf(tokens, best.right)];
    tokens.push(left + right);
    merges.push([left, right]);
    for (const index of [...best.words]) {
      const word = words[index];
      if (!word) continue;
      removePairs(pairs, word, index);
      word.ids = mergeIds(word.ids, best.left, best.right, merged);
      addPairs(pairs, word, index);
    }
  }
  return { tokens, merges };
}

interface Word {
  ids: number[];
  count: number;
}

interface Pair {
  left: number;
  right: number;
  count: number;
  /** Words that it occurs in, by index. */
  words: Set<number>;
}

function countWords(texts: Iterable<string>): Word[] {
  const pattern = new RegExp(splitPattern, 'gu');
  const counts = new Map<string, number>();
  for (const text of texts) for (const [piece] of text.matchAll(pattern)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  const encoder = new TextEncoder();
  return [...counts].map(([piece, count]) => ({ ids: Array.from(encoder.encode(piece), (byte) => byte + specialTokens.length), count }));
}

const pairKey = (left: number, right: number): number => left * 2 ** 20 + right;

function addPairs(pairs: Map<number, Pair>, word: Word, index: number): void {
  for (let i = 0; i + 1 < word.ids.length; i += 1) {
    const [left, right] = [word.ids[i] ?? 0, word.ids[i + 1] ?? 0];
    const pair = pairs.get(pairKey(left, right)) ?? { left, right, count: 0, words: new Set() };
    pair.count += word.count;
    pair.words.add(index);
    pairs.set(pairKey(left, right), pair);
  }
}

function removePairs(pairs: Map<number, Pair>, word: Word, index: number): void {
  for (let i = 0; i + 1 < word.ids.length; i += 1) {
    const key = pairKey(word.ids[i] ?? 0, word.ids[i + 1] ?? 0);
    const pair = pairs.get(key);
    if (!pair) continue;
    pair.count -= word.count;
    pair.words.delete(index);
    if (pair.count <= 0) pairs.delete(key);
  }
}

function mostFrequent(pairs: Map<number, Pair>): Pair | undefined {
  let best: Pair | undefined;
  for (const pair of pairs.values()) {
    if (!best || pair.count > best.count || (pair.count === best.count && pairKey(pair.left, pair.right) < pairKey(best.left, best.right)))
      best = pair;
  }
  return best;
}

function mergeIds(ids: readonly number[], left: number, right: number, merged: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < ids.length; i += 1) {
    const id = ids[i] ?? 0;
    if (id === left && ids[i + 1] === right) {
      result.push(merged);
      i += 1;
    } else result.push(id);
  }
  return result;
}

const textOf = (tokens: readonly string[], id: number): string => tokens[id] ?? '';

/** GPT-2's printable stand-in for each byte: itself where it is printable, else the next free code point from 256. */
const byteAlphabet: readonly string[] = (() => {
  let free = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCodePoint(printable ? byte : free++);
  });
})();

/** `tokenizer.json` as Hugging Face's libraries read it. */
export function tokenizerJson({ tokens, merges }: BpeVocabulary): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: splitPattern }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** `tokenizer_config.json` with the chat template. */
export function tokenizerConfigJson(maximumLength: number): object {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: maximumLength,
    bos_token: null,
    eos_token: endToken,
    pad_token: endToken,
    unk_token: null,
    add_bos_token: false,
    add_eos_token: false,
    clean_up_tokenization_spaces: false,
    additional_special_tokens: [userToken, assistantToken],
    added_tokens_decoder: Object.fromEntries(
      specialTokens.map((content, id) => [
        String(id),
        { content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
      ]),
    ),
    chat_template: chatTemplate,
  };
}

/** Writes both files into a folder, which is made when it is missing. @param maximumLength Context of the model in tokens. */
export async function writeTokenizer(folder: string, vocabulary: BpeVocabulary, maximumLength: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'tokenizer.json'), `${JSON.stringify(tokenizerJson(vocabulary), null, 1)}\n`);
  await writeFile(join(folder, 'tokenizer_config.json'), `${JSON.stringify(tokenizerConfigJson(maximumLength), null, 2)}\n`);
}
