import type { z } from 'zod';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { Encoded, Encoding } from '../encoding.ts';
import type { Example } from '../example.ts';
import { encodeSegments, type SegmentedText } from '../segments.ts';

/** What a format says of the fields of its rows. */
export interface FormatFields {
  name: string;
  /** Fields that a row must have, for detection. */
  fields: readonly string[];
  /** Fields that a row may have. */
  optional: readonly string[];
  /** What the fields must be, to end an error message: `alpaca needs instruction and output`. */
  needs: string;
}

/** A way to write training data as rows. `Item` is what a row becomes. One file each; `formats.ts` lists them. */
export interface RowFormat<Item> extends FormatFields {
  /** Checks a row, and turns it into token ids only where it is right. */
  read(row: unknown): { ok: true; encode(encoding: Encoding): Encoded<Item> } | { ok: false; issues: readonly z.core.$ZodIssue[] };
}

interface FormatDescription<Row, Item> extends FormatFields {
  schema: z.ZodType<Row>;
  /** @throws EngineError `DATASET_INVALID` where the chat template refuses the row */
  encode: (row: Row, encoding: Encoding) => Encoded<Item>;
}

/** Hides the type of a format's rows, so that formats fit into one list. */
export function defineFormat<Row, Item>({ schema, encode, ...fields }: FormatDescription<Row, Item>): RowFormat<Item> {
  return {
    ...fields,
    read(row) {
      const parsed = schema.safeParse(row);
      if (!parsed.success) return { ok: false, issues: parsed.error.issues };
      return { ok: true, encode: (encoding) => encode(parsed.data, encoding) };
    },
  };
}

/** A format whose rows are texts with parts that are learned. */
export function defineTextFormat<Row>({
  toSegments,
  ...description
}: Omit<FormatDescription<Row, Example>, 'encode'> & {
  toSegments: (row: Row, tokenizer: Tokenizer) => SegmentedText;
}): RowFormat<Example> {
  return defineFormat({ ...description, encode: (row, encoding) => encodeSegments(toSegments(row, encoding.tokenizer), encoding) });
}
