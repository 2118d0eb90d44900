import { type TrainingConfig, trainingConfigSchema } from '../config.ts';

/** A field that has another value than the checkpoint's configuration. */
export interface ConfigChange {
  path: string;
  before: string;
  now: string;
}

/** What a training may be continued with, sorted by what it means for it. */
export interface ConfigChanges {
  /** These decide the tensors or the order of the data: it would be another training. */
  refused: ConfigChange[];
  /** These decide how the weights change from here on. */
  noted: ConfigChange[];
}

/** Everything that is in neither of the two lists decides tensors or data. */
const harmless = /^run\.(?!seed$)/;
const steering = /^(guard|optimizer\.(?!states$)|schedule\.(?!(batchSize|gradientAccumulation)$))/;

/** Compares the configuration in a checkpoint with that of the run. Fields that a checkpoint does not know have their default. */
export function configChanges(saved: unknown, config: TrainingConfig): ConfigChanges {
  const parsed = trainingConfigSchema.safeParse(saved);
  const [before, now] = [leaves(parsed.success ? parsed.data : saved), leaves(config)];
  const changes = [...new Set([...before.keys(), ...now.keys()])]
    .filter((path) => before.get(path) !== now.get(path) && !harmless.test(path))
    .map((path) => ({ path, before: before.get(path) ?? 'not set', now: now.get(path) ?? 'not set' }));
  return { refused: changes.filter(({ path }) => !steering.test(path)), noted: changes.filter(({ path }) => steering.test(path)) };
}

/** `optimizer.states was "float32" and is "int8"; …` */
export const describeChanges = (changes: readonly ConfigChange[]): string =>
  changes.map(({ path, before, now }) => `${path} was ${before} and is ${now}`).join('; ');

/** Each value as JSON, by its dotted path; a list is one value. */
function leaves(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[path, JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, part]) => [...leaves(part, path ? `${path}.${key}` : key)]));
}
