import { z } from 'zod';
import { hint } from './hint.ts';

/** What a run learns from, and how it is read. */
export const data = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('bundled')
    .meta(
      hint(
        'Dataset',
        'A file (JSONL, a JSON list, CSV or Parquet; text kinds also compressed with gzip), a folder of such files, "hub:owner/name" for a dataset on the Hugging Face Hub ("hub:owner/name/folder" for a part of it), or "bundled" for the instruction set that belongs to the bundled model.',
      ),
    ),
  format: z
    .enum(['auto', 'alpaca', 'sharegpt', 'messages', 'prompt-completion', 'preference', 'text', 'tokens'])
    .default('auto')
    .meta(
      hint(
        'Format',
        'How a row is read. alpaca: instruction, input, output. sharegpt: conversations, a list of {from, value}. messages: a list of {role, content}, perhaps with tools. prompt-completion: prompt, completion. preference: prompt, chosen, rejected. text: plain text, every token a target. tokens: one optimizer step a row, input_ids, labels and attention_mask, taken in the order of the file as they are. auto looks at the first rows.',
      ),
    ),
  columns: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .meta(
      hint(
        'Columns',
        'Where the fields of the format are found, when the dataset names them otherwise: instruction = question, output = answer.',
        {
          advanced: true,
        },
      ),
    ),
  revision: z
    .string()
    .min(1)
    .default('main')
    .meta(
      hint(
        'Revision',
        'Branch, tag or commit of a dataset on the Hub. A run notes the commit and stays with it, whatever becomes of the branch.',
        {
          advanced: true,
        },
      ),
    ),
  split: z
    .string()
    .min(1)
    .default('train')
    .meta(hint('Split', 'Which part of a dataset on the Hub: the files whose name says so.', { advanced: true })),
  maxLength: z
    .int()
    .min(16)
    .max(32768)
    .default(512)
    .meta(hint('Maximum length', 'What becomes of longer examples is told by the truncation.', { unit: 'tokens' })),
  truncation: z
    .enum(['end', 'start', 'drop'])
    .default('end')
    .meta(
      hint(
        'Truncation',
        'What becomes of an example that is longer than the maximum length. end: its end is cut off. start: its beginning is cut off, but for the begin token. drop: it is left out.',
        { advanced: true },
      ),
    ),
  lossOn: z
    .enum(['completions', 'assistant', 'all'])
    .default('assistant')
    .meta(
      hint(
        'Loss on',
        "Which tokens are targets. assistant: every turn of the assistant. completions: the assistant's last turn only. all: prompts too. In rows with a single answer the first two are the same; plain text is always a target as a whole.",
        { advanced: true },
      ),
    ),
  packing: z
    .boolean()
    .default(false)
    .meta(
      hint(
        'Packing',
        'Puts several examples into one sequence of the maximum length, without letting them see each other. Saves padding where lengths differ; the batch size then counts such sequences.',
      ),
    ),
  streaming: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .meta(
      hint(
        'Streaming',
        'Whether rows are read from disk while training, in constant memory, rather than all at the start. auto: for more than 64 MB of data. At most 2,000 rows are then held out for validation.',
        { advanced: true },
      ),
    ),
  badRows: z
    .enum(['fail', 'skip'])
    .default('fail')
    .meta(
      hint(
        'Bad rows',
        'What happens when rows cannot be used. fail: the run does not start, and the rows are named. skip: they are left out, with a warning that names them.',
      ),
    ),
  validationShare: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .meta(
      hint(
        'Validation share',
        'Part of the rows held out to measure the evaluation loss. 0 turns evaluation off. Not used with validation data of its own.',
      ),
    ),
  validationPath: z
    .string()
    .default('')
    .meta(
      hint(
        'Validation data',
        'A dataset of its own to measure the evaluation loss on, in the format of the dataset; of one on the Hub its validation split. Empty: none.',
        {
          advanced: true,
        },
      ),
    ),
  keyFile: z
    .string()
    .default('')
    .meta(
      hint('Key file', 'Where the key of an encrypted dataset is (its files end in .sealed). The studio fills it in. Empty: none.', {
        advanced: true,
      }),
    ),
});
