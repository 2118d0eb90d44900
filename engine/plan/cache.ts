import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { resolveModelFolder } from '../bundled/bundled.ts';
import type { TrainingConfig } from '../config.ts';
import { cacheFolder } from '../hardware/cache-folder.ts';
import { runtimeVersion } from '../hardware/providers.ts';
import type { Measured } from './measure.ts';
import { measurementSchema } from './measurement.ts';

/** A driver, a neighbour on the machine or the room it stands in may change. Milliseconds. */
const lifetime = 30 * 24 * 60 * 60 * 1000;

const measuredSchema: z.ZodType<Measured> = z.object({
  sample: z.object({ rows: z.number(), totalRows: z.number(), isWhole: z.boolean(), bytes: z.number() }),
  few: measurementSchema,
  more: measurementSchema.nullable(),
});
const entrySchema = z.object({ at: z.number(), measured: measuredSchema });

/** What was measured for such a configuration on this machine before. Null: it is to be measured. */
export function recall(config: TrainingConfig): Measured | null {
  try {
    const { at, measured } = entrySchema.parse(JSON.parse(fs.readFileSync(fileOf(config), 'utf8')));
    return Math.abs(Date.now() - at) < lifetime ? measured : null;
  } catch {
    return null;
  }
}

export function remember(config: TrainingConfig, measured: Measured): void {
  const file = fileOf(config);
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(`${file}.${process.pid}`, JSON.stringify({ at: Date.now(), measured }));
    fs.renameSync(`${file}.${process.pid}`, file);
  } catch {
    // It is measured again the next time.
  }
}

/** The machine, the programs, and everything that a step depends on; not how long or how fast is learned. */
function fileOf(config: TrainingConfig): string {
  const { model, data, method, optimizer, schedule, run } = config;
  const folder = resolveModelFolder(model.base);
  const parts = [
    ...[os.hostname(), os.cpus()[0]?.model, os.availableParallelism(), process.version, runtimeVersion, ownSources()],
    ...[
      stamp(path.join(folder, 'config.json')),
      stamp(path.join(folder, 'tokenizer.json')),
      data.path === 'bundled' ? '' : stamp(data.path),
      stamp(data.validationPath),
    ],
    ...[model, data, method, optimizer.states, schedule.batchSize, schedule.gradientAccumulation],
    ...[run.seed, run.threads, run.device, run.runtime, run.gradientCheckpointing],
  ];
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return path.join(cacheFolder(), 'measurements', `${hash.slice(0, 32)}.json`);
}

/** Tells whether a file is still the same. */
function stamp(file: string): string {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return `${file}:${stat?.size ?? 0}:${stat?.mtimeMs ?? 0}`;
}

/** Another version of the engine needs other memory and time. */
function ownSources(): string[] {
  const engine = path.join(import.meta.dirname, '..');
  return fs
    .readdirSync(engine, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort()
    .map((name) => stamp(path.join(engine, name)));
}
