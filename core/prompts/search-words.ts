/** Characters of writing systems that put no spaces between words: each is taken for a word. */
const single = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]`;
const wordPattern = new RegExp(`${single}|(?:(?!${single})[\\p{L}\\p{N}])+`, 'gu');

/** UTF-16 units of a word that count. */
const longest = 64;

/**
 * The words of a text: letters and digits, in small letters and without accents. Both databases are given these, so that they find
 * the same. Everything else (quotation marks, operators, emoji) only stands between words.
 */
export function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKD').toLowerCase().replaceAll(/\p{M}/gu, '').normalize('NFC');
  return (plain.match(wordPattern) ?? []).map((word) => word.slice(0, longest).replace(/\p{Surrogate}$/u, ''));
}
