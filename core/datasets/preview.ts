import { type InspectedRow, type InspectedSequence, inspectRows, type Tokenizer, type TrainingConfig } from '@anneal/engine';
import type { PreviewRow, RawRow } from './data-protocol.ts';

interface Window {
  /** Rows that are passed over. */
  offset: number;
  /** Rows at most. */
  limit: number;
}

/** Rows as they were read, and what is wrong with them. */
export async function rawRows(settings: TrainingConfig['data'], tokenizer: Tokenizer, window: Window): Promise<RawRow[]> {
  const rows = await taken(settings, tokenizer, window, false);
  return rows.map((row) => ({ file: row.file, row: row.number, value: bounded(row.value ?? null), problems: problemsOf(row) }));
}

/** Rows as the model will see them: token by token, with those that the loss is taken on. */
export async function previewRows(settings: TrainingConfig['data'], tokenizer: Tokenizer, window: Window): Promise<PreviewRow[]> {
  const rows = await taken(settings, tokenizer, window, true);
  return rows.map((row) => ({
    file: row.file,
    row: row.number,
    problems: problemsOf(row),
    skipped: row.skipped,
    isTruncated: row.isCut,
    sequences: row.sequences.map((sequence) => ({ answer: sequence.answer, tokens: tokensOf(sequence, tokenizer) })),
  }));
}

async function taken(
  settings: TrainingConfig['data'],
  tokenizer: Tokenizer,
  { offset, limit }: Window,
  encodes: boolean,
): Promise<InspectedRow[]> {
  const { rows } = await inspectRows(settings, tokenizer);
  const found: InspectedRow[] = [];
  const encode = (place: number) => encodes && place >= offset && place < offset + limit;
  for await (const batch of rows({ encode, from: offset })) {
    found.push(...batch.slice(0, limit - found.length));
    if (found.length === limit) break;
  }
  return found;
}

/** What is shown of a text, and of a list, in a raw row. */
const [mostCharacters, mostItems] = [5000, 100];

/** A row may have 16 MB; nobody reads that. */
function bounded(value: unknown): unknown {
  if (typeof value === 'string') return value.length > mostCharacters ? `${value.slice(0, mostCharacters)}…` : value;
  if (Array.isArray(value)) return value.slice(0, mostItems).map(bounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, mostItems)
      .map(([key, inner]) => [key, bounded(inner)]),
  );
}

const problemsOf = ({ problems }: InspectedRow): RawRow['problems'] =>
  problems.map(({ text, field = '' }) => ({ path: field, message: text }));

/** A character of several tokens is the text of the last of them. */
function tokensOf({ ids, isTarget }: InspectedSequence, tokenizer: Tokenizer): PreviewRow['sequences'][number]['tokens'] {
  const decoder = tokenizer.streamDecoder({ skipSpecialTokens: false });
  const tokens = Array.from(ids, (id, index) => ({ id, text: decoder.push(id), isTarget: isTarget[index] ?? false }));
  const last = tokens.at(-1);
  if (last) last.text += decoder.end();
  return tokens;
}
