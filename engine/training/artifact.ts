import { rename, rm, stat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { saveAdapter } from '../adapters/peft.ts';
import type { TrainingConfig } from '../config.ts';
import { saveModel } from '../models/save.ts';
import type { ArtifactEvent } from './events.ts';
import type { PreparedRun } from './prepare.ts';

/** Writes what a run has learned into its folder: a PEFT adapter, or a whole model folder after full training. */
export async function saveArtifact(run: PreparedRun, config: TrainingConfig, folder: string, step: number): Promise<ArtifactEvent> {
  const kind = run.adapter ? 'adapter' : 'model';
  const relative = path.posix.join('artifacts', kind);
  const target = path.join(folder, relative);
  const aside = `${target}.partial`;
  await rm(aside, { recursive: true, force: true });
  if (run.adapter) {
    const { rank, alpha, targetModules } = config.method;
    const tensors = run.trainable.map(({ name, shape, data }) => ({ name: `base_model.model.${name}`, shape: [...shape], data }));
    await saveAdapter(aside, { config: { rank, alpha, targetModules, baseModel: config.model.base }, tensors });
  } else {
    await saveModel(aside, run.model, 'F32', run.modelFolder);
  }
  await rm(target, { recursive: true, force: true });
  await rename(aside, target);
  return { type: 'artifact', step, kind, path: relative, bytes: await folderSize(target) };
}

async function folderSize(folder: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(folder)) total += (await stat(path.join(folder, name))).size;
  return total;
}
