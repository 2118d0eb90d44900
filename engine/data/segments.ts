import type { Tokenizer } from '../tokenizer/tokenizer.ts';
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

export type EncodedText = { example: Example; cut: boolean } | { example: null; reason: string };

/**
 * Turns segments into ids and labels. Each segment is encoded by itself, so no token straddles the border between context
 * and target, and a prompt gets the same ids as at generation.
 * @param maxLength tokens; what is beyond is cut off
 * @param eosTokenId put where a segment ends
 */
export function encodeSegments(
  { segments, addSpecialTokens }: SegmentedText,
  tokenizer: Tokenizer,
  maxLength: number,
  eosTokenId: number,
): EncodedText {
  if (segments.every(({ text, target }) => !target || text.replaceAll(tokenizer.eosToken, '').trim() === '')) {
    return { example: null, reason: 'there is nothing to learn in it' };
  }
  const ids: number[] = [];
  const labels: number[] = [];
  const append = (tokens: readonly number[], target: boolean): void => {
    for (const token of tokens) {
      ids.push(token);
      labels.push(target ? token : ignoredLabel);
    }
  };
  for (const [index, { text, target, ends }] of mergeNeighbors(segments).entries()) {
    append(index === 0 ? encodeBeginning(text, tokenizer, addSpecialTokens) : tokenizer.encodeContinuation(text), target);
    if (ends) append([eosTokenId], target);
  }
  const example = { inputIds: Int32Array.from(ids.slice(0, maxLength)), labels: Int32Array.from(labels.slice(0, maxLength)) };
  if (hasTarget(example.labels)) return { example, cut: ids.length > maxLength };
  return { example: null, reason: `the prompt alone fills the maximum length of ${maxLength} tokens` };
}

/** The first token of a sequence is predicted from nothing and is no target. */
function hasTarget(labels: ArrayLike<number>): boolean {
  for (let i = 1; i < labels.length; i++) if (labels[i] !== ignoredLabel) return true;
  return false;
}

/** Beginning of a text with its begin token, but without the end token that some tokenizers add as well. */
export function encodeBeginning(text: string, tokenizer: Tokenizer, addSpecialTokens: boolean): number[] {
  const ids = tokenizer.encode(text, { addSpecialTokens });
  const endsByItself =
    addSpecialTokens && tokenizer.encode('').at(-1) === tokenizer.eosTokenId && tokenizer.bosTokenId !== tokenizer.eosTokenId;
  return endsByItself && ids.at(-1) === tokenizer.eosTokenId ? ids.slice(0, -1) : ids;
}

/** Segments of the same kind become one, as they would be encoded in one piece at generation. Empty ones are left out. */
function mergeNeighbors(segments: readonly Segment[]): Segment[] {
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
