import os from 'node:os';
import { parseArgs } from 'node:util';
import { z } from 'zod';

/** What can be measured, in this order. */
const partNames = ['speed', 'quantised', 'rate', 'memory', 'instructions', 'losses', 'resume', 'start'] as const;
export type PartName = (typeof partNames)[number];

const positive = (fallback: number) => z.coerce.number().int().min(1).default(fallback);
const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

const optionsSchema = z.object({
  json: z.boolean(),
  compare: z.boolean(),
  only: z
    .string()
    .transform((names) => names.split(',').filter(Boolean))
    .pipe(z.array(z.enum(partNames)).min(1))
    .default([...partNames]),
  layers: positive(30),
  batch: positive(4),
  length: positive(256),
  steps: positive(5),
  rounds: positive(3),
  'loss-steps': positive(50),
  'quantised-steps': positive(200),
  kills: positive(20),
  threads: positive(os.availableParallelism()),
  venv: z.string().optional(),
});

export type Options = z.output<typeof optionsSchema>;

/** Reads the command line; ends the process with what is wrong where it cannot be read. */
export function readOptions(): Options {
  try {
    const values = { layers: text, batch: text, length: text, steps: text, rounds: text, kills: text, threads: text, venv: text };
    const { values: given } = parseArgs({
      options: { json: flag, compare: flag, only: text, 'loss-steps': text, 'quantised-steps': text, ...values },
    });
    return optionsSchema.parse(given);
  } catch (error) {
    const problems =
      error instanceof z.ZodError ? error.issues.map(({ path, message }) => `--${path.slice(0, 1).join()}: ${message}`) : [String(error)];
    console.error(problems.join('\n'));
    process.exit(2);
  }
}
