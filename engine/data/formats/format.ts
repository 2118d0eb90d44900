import type { z } from 'zod';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { SegmentedText } from '../segments.ts';

/** A way to write a training example as a JSON object. One file each; `formats.ts` lists them. */
export interface DatasetFormat<Row = unknown> {
  name: string;
  /** Fields that a row must have, for detection. */
  fields: readonly string[];
  /** What the fields must be, to end an error message: `alpaca needs instruction and output`. */
  needs: string;
  schema: z.ZodType<Row>;
  toSegments(row: Row, tokenizer: Tokenizer): SegmentedText;
}

/** A format whose row type is known only to itself. */
export interface AnyFormat {
  name: string;
  fields: readonly string[];
  needs: string;
  /** Checks a row, and turns it into text only where it is right. */
  read(row: unknown): { ok: true; segments: (tokenizer: Tokenizer) => SegmentedText } | { ok: false; issues: readonly z.core.$ZodIssue[] };
}

/** Hides the type of a format's rows, so that formats fit into one list. */
export function defineFormat<Row>(format: DatasetFormat<Row>): AnyFormat {
  const { name, fields, needs, schema } = format;
  return {
    name,
    fields,
    needs,
    read(row) {
      const parsed = schema.safeParse(row);
      if (!parsed.success) return { ok: false, issues: parsed.error.issues };
      return { ok: true, segments: (tokenizer) => format.toSegments(parsed.data, tokenizer) };
    },
  };
}
