// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- other packages check this file too, and an import cannot bring an ambient module along
/// <reference path="../../tokenizer/huggingface-tokenizers.d.ts" />
import { Tokenizer } from '@huggingface/tokenizers';

/** How llama.cpp cuts a text before it merges: patterns, one after the other. */
interface PreTokenizer {
  /** The value of `tokenizer.ggml.pre`. */
  name: string;
  patterns: readonly string[];
  /** A piece that is a token as a whole is taken as it is. */
  ignoreMerges?: boolean;
}

const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)`;
const contractions = `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])`;
const rest = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const cased = (suffix: string) =>
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+${suffix}|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*${suffix}`;

/** Those that llama.cpp knows (`llm_tokenizer_bpe` in its src/llama-vocab.cpp) and that models of our families have. */
const known: readonly PreTokenizer[] = [
  { name: 'gpt-2', patterns: [gpt2] },
  { name: 'smollm', patterns: [String.raw`\p{N}`, gpt2] },
  { name: 'qwen2', patterns: [String.raw`${contractions}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|${rest}`] },
  { name: 'llama-bpe', patterns: [String.raw`${contractions}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|${rest}`], ignoreMerges: true },
  { name: 'smaug-bpe', patterns: [String.raw`${contractions}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|${rest}`] },
  { name: 'tekken', patterns: [String.raw`${cased('')}|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`], ignoreMerges: true },
  { name: 'gpt-4o', patterns: [String.raw`${cased(`${contractions}?`)}|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`] },
  {
    name: 'deepseek-coder',
    patterns: [String.raw`[\r\n]`, String.raw`\s?\p{L}+`, String.raw`\s?\p{P}+`, '[一-龥ࠀ-一가-퟿]+', String.raw`\p{N}`],
  },
  {
    name: 'deepseek-v3',
    patterns: [
      String.raw`\p{N}{1,3}`,
      '[一-龥぀-ゟ゠-ヿ]+',
      String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_${'`'}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ],
  },
  { name: 'superbpe', patterns: [String.raw`\p{N}+`, String.raw`(?=(?:\d{3})+(?!\d))`] },
];

/** Texts that tell the pre-tokenizers apart: code, indentation, numbers, contractions, capitals, scripts, white space. */
const probes = [
  'function add(a, b) {\n  return a + b;\n}\n',
  'if (x > 10) {\n\tcount++;\n\n\n\treturn [1, 22, 333, 4444, 55555];\n}',
  'def mean(values):\n    """The average."""\n    return sum(values) / len(values)  # may fail\n',
  'const userName2 = items.filter((item) => item.price >= 9.99).map(({ id }) => `#${id}`);',
  "I'm sure they'LL say it's what WE'VE done, isn't it?  Yes.   No!",
  'HTTPServer parses XMLDocuments, getElementById, iOS and café naïve Ångström',
  'Привет, мир! こんにちは世界、元気ですか。 안녕하세요 مرحبا हिन्दी 工作1314天',
  '🚀 (normal) 👩‍💻 ✅ ½ ² … “quoted” — dash',
  ' \n \n\n  \t\t x \t\n   y\r\n\r\nz   ',
  '================ ------ """"" ?!?! ....../// a/b\n// comment\n/* x */',
];

/**
 * The pre-tokenizer of llama.cpp that cuts texts as a byte-level tokenizer does, found by encoding sample texts with each.
 * @param tokenizer content of `tokenizer.json`
 * @param config content of `tokenizer_config.json`
 * @returns the closest, and the share of the sample texts (0 … 1) that become the same tokens
 */
export function closestPreTokenizer(tokenizer: Record<string, unknown>, config: object): { name: string; agreement: number } {
  const encode = (candidate: object): string[] => {
    const inner = new Tokenizer(candidate, config);
    return probes.map((probe) => inner.encode(probe, { add_special_tokens: false }).ids.join());
  };
  const expected = encode(tokenizer);
  const asked = Object.assign({ ignore_merges: false }, tokenizer['model']).ignore_merges;
  const likeliest = [...known].sort((a, b) => Number((b.ignoreMerges ?? false) === asked) - Number((a.ignoreMerges ?? false) === asked));
  let closest = { name: 'gpt-2', agreement: -1 };
  for (const { name, patterns, ignoreMerges = false } of likeliest) {
    if (closest.agreement === 1) break;
    const splits = patterns.map((Regex) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }));
    const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
    const model = Object.assign({}, tokenizer['model'], { ignore_merges: ignoreMerges });
    const found = encode({ ...tokenizer, model, pre_tokenizer: { type: 'Sequence', pretokenizers: [...splits, bytes] } });
    const agreement = found.filter((ids, index) => ids === expected[index]).length / probes.length;
    if (agreement > closest.agreement) closest = { name, agreement };
  }
  return closest;
}
