/** The library's byte-level pre-tokenizer (GPT-2, Radford et al. 2019): words as one character a byte. */
interface ByteLevel {
  add_prefix_space: boolean;
  use_regex: boolean;
  /** What words are, where they are not told apart before. */
  pattern: RegExp;
  /** The character of each byte. */
  byte_encoder: Readonly<Record<number, string>>;
  pre_tokenize_text: (text: string) => string[];
}

/** Words that are remembered at most, and the longest of them in characters. */
const [mostWords, longestWord] = [50_000, 64];

/**
 * Makes byte-level pre-tokenizers remember what words have become: the library finds it out anew for each word of each text, which takes a
 * third of the time of encoding. The ids are the same.
 * @param preTokenizer of a tokenizer of the library; other kinds are left as they are
 */
export function rememberWords(preTokenizer: unknown): void {
  if (isByteLevel(preTokenizer)) remember(preTokenizer);
  const parts: unknown = typeof preTokenizer === 'function' && 'tokenizers' in preTokenizer ? preTokenizer.tokenizers : null;
  if (Array.isArray(parts)) parts.forEach(rememberWords);
}

const isByteLevel = (value: unknown): value is ByteLevel =>
  typeof value === 'function' && ['byte_encoder', 'pattern', 'use_regex', 'add_prefix_space'].every((name) => name in value);

function remember(byteLevel: ByteLevel): void {
  const { add_prefix_space: addsSpace, use_regex: splits, pattern, byte_encoder: characters } = byteLevel;
  const known = new Map<string, string>();
  const inBytes = (word: string): string => {
    const found = known.get(word);
    if (found !== undefined) return found;
    let written = '';
    for (const byte of Buffer.from(word)) written += characters[byte] ?? '';
    if (word.length <= longestWord && known.size < mostWords) known.set(word, written);
    return written;
  };
  byteLevel.pre_tokenize_text = (text) => {
    const whole = addsSpace && !text.startsWith(' ') ? ` ${text}` : text;
    return (splits ? (whole.match(pattern) ?? []) : [whole]).map(inBytes);
  };
}
