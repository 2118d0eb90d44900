import { type Encoded, type Encoding, overLength, promptTooLong } from './encoding.ts';
import { ignoredLabel, type PreferenceExample } from './example.ts';
import { hasTarget, mergeNeighbors, type SegmentedText, toExample, type TokenList, tokensOf } from './segments.ts';

/**
 * Turns two answers to one prompt into a pair of sequences that begin with the same ids. Where they are too long, the end of
 * the answers is cut off, or as much of the beginning of the prompt from both.
 */
export function encodePair(chosen: SegmentedText, rejected: SegmentedText, encoding: Encoding): Encoded<PreferenceExample> {
  const { maxLength, truncation } = encoding;
  const pair = [chosen, rejected].map((text) => tokensOf(mergeNeighbors(text.segments), text.addSpecialTokens, encoding.tokenizer));
  const prompt = commonPrompt(pair);
  if (prompt === null) return { items: null, reason: 'the prompt does not read the same before both answers' };
  const excess = Math.max(...pair.map(({ ids }) => ids.length)) - maxLength;
  if (excess > 0 && truncation === 'drop') return { items: null, reason: overLength(maxLength) };
  const begin = pair[0]?.ids[0] === encoding.tokenizer.bosTokenId ? 1 : 0;
  const dropped = truncation === 'start' ? Math.max(0, Math.min(excess, prompt - begin)) : 0;
  const [first, second] = pair.map((tokens) => toExample(shorten(tokens, begin, dropped, maxLength)));
  if (!first || !second || !hasTarget(first.labels) || !hasTarget(second.labels)) return { items: null, reason: promptTooLong(maxLength) };
  if (first.inputIds.length === second.inputIds.length && first.inputIds.every((id, index) => id === second.inputIds[index])) {
    return { items: null, reason: 'both answers are the same' };
  }
  return { items: [{ chosen: first, rejected: second }], cut: excess > 0 };
}

/** Tokens before the first target; null where they are not the same. */
function commonPrompt(pair: readonly TokenList[]): number | null {
  const [first, second] = pair;
  const length = first?.labels.findIndex((label) => label !== ignoredLabel) ?? -1;
  if (!first || !second || length < 0 || second.labels.findIndex((label) => label !== ignoredLabel) !== length) return null;
  return first.ids.slice(0, length).every((id, index) => id === second.ids[index]) ? length : null;
}

/** Without `dropped` tokens behind the first `begin`, and without what is then beyond `maxLength`. */
function shorten({ ids, labels }: TokenList, begin: number, dropped: number, maxLength: number): TokenList {
  const short = (list: readonly number[]) => [...list.slice(0, begin), ...list.slice(begin + dropped)].slice(0, maxLength);
  return { ids: short(ids), labels: short(labels) };
}
