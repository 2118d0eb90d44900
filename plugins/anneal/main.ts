import os from 'node:os';
import process from 'node:process';
import { inspectModel } from '@anneal/engine';
import { defineLanguageModel, ModelError, z } from '../kit/index.ts';
import { Answers } from './answers.ts';
import { readOwnModelId } from './own-model-folders.ts';
import { OwnModelPool } from './own-model-pool.ts';

const settings = z.object({
  memoryGb: z
    .number()
    .min(0.1)
    .max(4096)
    .optional()
    .describe('Memory for all models together, in GB. Left out: half of what this machine has.'),
  idleMinutes: z.number().min(0.1).max(1440).default(10).describe('Minutes without a question after which a model is let go.'),
  threads: z.int().min(0).max(1024).default(0).describe('CPU threads of one answer; 0: one for each core.'),
});
type Settings = z.output<typeof settings>;

/** As far as this process may use it. Bytes. */
function halfOfMemory(): number {
  const limit = process.constrainedMemory();
  return (limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem()) / 2;
}

/** In single precision, as the weights are kept; a tenth for what else there is. */
const sizeOf = async (folder: string): Promise<number> => (await inspectModel(folder)).parameters * 4 * 1.1;

const made = new WeakMap<Settings, Answers>();

/** One pool for as long as the settings are the same. */
function answersOf(chosen: Settings): Answers {
  const known = made.get(chosen);
  if (known) return known;
  const { memoryGb, idleMinutes, threads } = chosen;
  const mostBytes = memoryGb === undefined ? halfOfMemory() : memoryGb * 1e9;
  const answers = new Answers(new OwnModelPool({ mostBytes, idleTime: idleMinutes * 60_000, threads, sizeOf }));
  made.set(chosen, answers);
  return answers;
}

function foldersOf(model: string) {
  const folders = readOwnModelId(model);
  if (!folders) throw new ModelError('MODEL_NOT_FOUND', `There is no model "${model.slice(0, 200)}".`);
  return folders;
}

/** Which models there are depends on the project: the studio knows, and asks with folders in place of names. */
export default defineLanguageModel({
  settings,
  models: () => [],
  generate: (request, { settings: chosen, signal }) => answersOf(chosen).generate(foldersOf(request.model), request, signal),
  countTokens: (request, { settings: chosen }) => answersOf(chosen).countTokens(foldersOf(request.model), request),
  warmUp: (model, { settings: chosen }) => answersOf(chosen).warmUp(foldersOf(model)),
  unload: (model, { settings: chosen }) => answersOf(chosen).unload(foldersOf(model)),
});
