import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseTrainingConfig, type TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { isMissing } from '../weights/durable.ts';

/**
 * Reads a training configuration. Paths in it are relative to its own folder, or to the current one where the former has no such
 * file. `initAdapter` may stand at its top as well as in `method`.
 * @returns with absolute paths: it means the same from everywhere
 * @throws EngineError CONFIG_INVALID
 */
export function readConfigFile(file: string): TrainingConfig {
  const config = parseTrainingConfig(withAdapterInMethod(parse(file)));
  const { model, data, method } = config;
  const located = (name: string) => locate(name, path.dirname(file));
  return {
    ...config,
    model: { ...model, base: located(model.base) },
    data: { ...data, path: located(data.path), validationPath: located(data.validationPath) },
    method: { ...method, initAdapter: located(method.initAdapter) },
  };
}

/** The absolute path of what a configuration or an option names; names that are no paths stay. */
function locate(name: string, folder: string): string {
  if (name === '' || name === 'bundled' || name.startsWith('hub:')) return name;
  const [beside, here] = [path.resolve(folder, name), path.resolve(name)];
  return !fs.existsSync(beside) && fs.existsSync(here) ? here : beside;
}

function parse(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = error instanceof SyntaxError ? 'Mend its JSON.' : 'Give the path of a JSON file.';
    const message = isMissing(error)
      ? `There is no configuration ${file}. Check the path.`
      : `The configuration ${file} cannot be read: ${reason}. ${advice}`;
    throw new EngineError('CONFIG_INVALID', message, { cause: error });
  }
}

const adapterAtTop = z.looseObject({
  initAdapter: z.string(),
  method: z.looseObject({ initAdapter: z.undefined().optional() }).optional(),
});

function withAdapterInMethod(value: unknown): unknown {
  const found = adapterAtTop.safeParse(value).data;
  if (!found) return value;
  const { initAdapter, method, ...rest } = found;
  return { ...rest, method: { ...method, initAdapter } };
}
