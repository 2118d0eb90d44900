import { z } from 'zod';
import { data } from './config/data.ts';
import { explain } from './config/explain.ts';
import { guard } from './config/guard.ts';
import { method } from './config/method.ts';
import { model } from './config/model.ts';
import { optimizer } from './config/optimizer.ts';
import { run } from './config/run.ts';
import { schedule } from './config/schedule.ts';
import { EngineError, type Issue } from './errors.ts';

export type { FieldHint } from './config/hint.ts';

const section = <T extends z.ZodType>(schema: T, title: string, help: string) => schema.prefault({} as z.input<T>).meta({ title, help });

/**
 * Everything that decides how a run trains. One schema gives validation, defaults, the form in the client and the docs:
 * each field carries its title, unit, range and help as metadata.
 */
export const trainingConfigSchema = z.strictObject({
  model: section(model, 'Model', 'What is fine-tuned.'),
  data: section(data, 'Data', 'What it learns from.'),
  method: section(method, 'Method', 'How it learns, and what of the model changes.'),
  optimizer: section(optimizer, 'Optimizer', 'AdamW.'),
  schedule: section(schedule, 'Schedule', 'How long and in what batches.'),
  run: section(run, 'Run', 'Evaluation, checkpoints, seed.'),
  guard: section(guard, 'Guard', 'What happens when the loss diverges.'),
});

export type TrainingConfig = z.output<typeof trainingConfigSchema>;
export type TrainingConfigInput = z.input<typeof trainingConfigSchema>;

/**
 * Checks a configuration and fills in defaults.
 * @throws EngineError `CONFIG_INVALID` with one issue for each field that is wrong.
 */
export function parseTrainingConfig(input: unknown): TrainingConfig {
  const result = trainingConfigSchema.safeParse(input ?? {});
  if (result.success) return result.data;
  const issues: Issue[] = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: 'There is no such field.' }))
      : [{ path: issue.path.join('.'), message: explain(issue) }],
  );
  throw new EngineError(
    'CONFIG_INVALID',
    `The configuration is not valid: ${issues.map((i) => `${i.path || 'configuration'}: ${i.message}`).join('; ')}`,
    { issues },
  );
}
