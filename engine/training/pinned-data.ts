import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { TrainingConfig } from '../config.ts';
import { isHubPath, parseHubPath } from '../data/hub/location.ts';
import { pinHubPath } from '../data/hub/snapshot.ts';
import { writeAll, writeDurably } from '../weights/durable.ts';

const places = z.object({ path: z.string(), validationPath: z.string() });
const noteSchema = z.object({ asked: places.extend({ revision: z.string() }), pinned: places });

/**
 * The configuration with its datasets on the Hub at fixed commits. They are settled when a run starts and noted in its folder
 * (`dataset.json`), so that it goes on with the same rows whatever becomes of the branch.
 * @throws EngineError `DATASET_NOT_FOUND` where the Hub does not know a dataset or cannot be asked
 */
export async function pinData(config: TrainingConfig, folder: string): Promise<TrainingConfig> {
  const { path: data, validationPath, revision } = config.data;
  if (![data, validationPath].some(isHubPath)) return config;
  const asked = { path: data, validationPath, revision };
  const place = path.join(folder, 'dataset.json');
  const noted = noteSchema.safeParse(await readFile(place, 'utf8').then(JSON.parse, () => null));
  const isSame = noted.success && JSON.stringify(noted.data.asked) === JSON.stringify(asked);
  const pinned = isSame ? noted.data.pinned : await pin(asked);
  if (!isSame) {
    await mkdir(folder, { recursive: true });
    await writeDurably(place, (handle) => writeAll(handle, Buffer.from(`${JSON.stringify({ asked, pinned }, null, 2)}\n`)));
  }
  return { ...config, data: { ...config.data, ...pinned } };
}

async function pin({ path: data, validationPath, revision }: { path: string; validationPath: string; revision: string }) {
  // The revision is that of the dataset; another one for validation has its own, or none.
  const isSame = isHubPath(data) && isHubPath(validationPath) && parseHubPath(data).id === parseHubPath(validationPath).id;
  return { path: await pinHubPath(data, revision), validationPath: await pinHubPath(validationPath, isSame ? revision : 'main') };
}
