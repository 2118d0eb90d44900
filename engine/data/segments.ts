import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { type Encoded, type Encoding, overLength, promptTooLong } from './encoding.ts';
import { type Example, ignoredLabel } from './example.ts';

/** A part of a training text: either context, or what the model learns to write. */
export interface Segment {
  text: string;
  /** The loss is taken on these tokens. */
  target: boolean;
  /** The end token follows, with the same `target`. */
  ends?: boolean;
}

export interface SegmentedText {
  segments: Segment[];
  /** Put what the tokenizer wants before a text (a begin token). False where the text holds it already. */
  addSpecialTokens: boolean;
}

/** Ids of a whole text, however long, and their labels. */
export interface TokenList {
  ids: number[];
  labels: number[];
}

/**
 * Turns segments into an example of at most `maxLength` tokens, or several where texts continue. Each segment is encoded by
 * itself, so no token straddles the border between context and target, and a prompt gets the same ids as at generation.
 */
export function encodeSegments(text: SegmentedText, encoding: Encoding): Encoded<Example> {
  const { tokenizer, maxLength, truncation, lossOn } = encoding;
  const segments = withLoss(mergeNeighbors(text.segments), lossOn);
  if (segments.every((segment) => !segment.target || segment.text.replaceAll(tokenizer.eosToken, '').trim() === '')) {
    return { items: null, reason: 'there is nothing to learn in it' };
  }
  const tokens = tokensOf(segments, text.addSpecialTokens, tokenizer);
  const isLong = tokens.ids.length > maxLength;
  if (isLong && !encoding.continues && truncation === 'drop') return { items: null, reason: overLength(maxLength) };
  const parts = !isLong ? [tokens] : encoding.continues ? pieces(tokens, maxLength) : [truncate(tokens, encoding)];
  const items = parts.map(toExample).filter(({ labels }) => hasTarget(labels));
  return items.length > 0 ? { items, cut: isLong && !encoding.continues } : { items: null, reason: promptTooLong(maxLength) };
}

/** The ids of segments one after the other; an end token where a segment ends. */
export function tokensOf(segments: readonly Segment[], addSpecialTokens: boolean, tokenizer: Tokenizer): TokenList {
  const tokens: TokenList = { ids: [], labels: [] };
  for (const [index, { text, target, ends }] of segments.entries()) {
    const ids = index === 0 ? encodeBeginning(text, tokenizer, addSpecialTokens) : tokenizer.encodeContinuation(text);
    for (const id of ends ? [...ids, tokenizer.eosTokenId] : ids) {
      tokens.ids.push(id);
      tokens.labels.push(target ? id : ignoredLabel);
    }
  }
  return tokens;
}

export const toExample = ({ ids, labels }: TokenList): Example => ({ inputIds: Int32Array.from(ids), labels: Int32Array.from(labels) });

/** The first token of a sequence is predicted from nothing and is no target. */
export function hasTarget(labels: ArrayLike<number>): boolean {
  for (let i = 1; i < labels.length; i++) if (labels[i] !== ignoredLabel) return true;
  return false;
}

/** The first `maxLength` tokens, or the last ones behind the begin token. */
function truncate({ ids, labels }: TokenList, { maxLength, truncation, tokenizer }: Encoding): TokenList {
  if (truncation === 'end') return { ids: ids.slice(0, maxLength), labels: labels.slice(0, maxLength) };
  const kept = ids[0] === tokenizer.bosTokenId ? 1 : 0;
  const from = ids.length - maxLength + kept;
  return { ids: [...ids.slice(0, kept), ...ids.slice(from)], labels: [...labels.slice(0, kept), ...labels.slice(from)] };
}

/** Pieces of at most `maxLength` tokens. Each begins with the last token of the one before, so that every token is predicted once. */
function pieces({ ids, labels }: TokenList, maxLength: number): TokenList[] {
  const count = Math.ceil((ids.length - 1) / (maxLength - 1));
  return Array.from({ length: count }, (_, index) => {
    const from = index * (maxLength - 1);
    return { ids: ids.slice(from, from + maxLength), labels: labels.slice(from, from + maxLength) };
  });
}

/** Beginning of a text with its begin token, but without the end token that some tokenizers add as well. */
export function encodeBeginning(text: string, tokenizer: Tokenizer, addSpecialTokens: boolean): number[] {
  const ids = tokenizer.encode(text, { addSpecialTokens });
  const endsByItself =
    addSpecialTokens && tokenizer.encode('').at(-1) === tokenizer.eosTokenId && tokenizer.bosTokenId !== tokenizer.eosTokenId;
  return endsByItself && ids.at(-1) === tokenizer.eosTokenId ? ids.slice(0, -1) : ids;
}

/** Segments of the same kind become one, as they would be encoded in one piece at generation. Empty ones are left out. */
export function mergeNeighbors(segments: readonly Segment[]): Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments) {
    if (segment.text === '' && !segment.ends) continue;
    const last = merged.at(-1);
    if (last && last.target === segment.target && !last.ends) {
      last.text += segment.text;
      last.ends = segment.ends;
    } else merged.push({ ...segment });
  }
  return merged;
}

function withLoss(segments: Segment[], lossOn: Encoding['lossOn']): Segment[] {
  if (lossOn === 'assistant') return segments;
  const last = segments.findLastIndex(({ target }) => target);
  return segments.map((segment, index) => ({ ...segment, target: lossOn === 'all' || index === last }));
}
