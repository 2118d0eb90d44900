import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dataLocation, resolveModelFolder } from '../bundled/bundled.ts';
import type { TrainingConfig } from '../config.ts';
import { isHubPath } from '../data/hub/location.ts';
import { EngineError } from '../errors.ts';
import { detectMemory } from '../hardware/memory.ts';
import { families } from '../models/families.ts';
import { countParameters } from '../models/load.ts';
import { type ModelConfig, readModelConfig } from '../models/model-config.ts';
import { measureInProcess } from './measure-in-process.ts';
import type { Measurement } from './measurement.ts';
import { type DataSample, writeSample } from './sample.ts';
import { writeSlice } from './slice-model.ts';

/** Seconds that a slice's steps may take, about. */
const budget = 8;
/** Steps of the first shape in a slice, with the one that compiles. */
const stepsOfFirstShape = 3.5;
/** What a core surely does. Floating point operations a second. */
const cautiousRate = 50e9;
/** Share of the available memory that slices may take. */
const mostMemory = 0.7;
/** No step is taken where one might take longer, with a single sequence and layer. Seconds. */
const longestStep = 20;

/** Slices of a model with few and with more layers. What they need grows evenly with the layers, all the way to the whole model. */
export interface Measured {
  sample: DataSample;
  few: Measurement;
  /** Null when `few` is the whole model already. */
  more: Measurement | null;
}

/**
 * Trains slices of the configuration's model on a sample of its data, for some seconds, each in a process of its own.
 * @throws EngineError where the configuration could not be trained with either
 */
export async function measure(config: TrainingConfig): Promise<Measured> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'anneal-plan-'));
  try {
    const modelFolder = resolveModelFolder(config.model.base);
    const model = await readModelConfig(modelFolder);
    const samplePath = path.join(folder, 'sample.jsonl');
    const columns = Object.values(config.data.columns);
    const sample = await writeSample(dataLocation(config.data), columns, samplePath);
    const validationPath = await sampleValidation(config, columns, folder);
    const sequenceSeconds = cautiousSeconds(config, model);
    const seconds = sequenceSeconds > longestStep ? 0 : budget;
    const batchSize = Math.max(1, Math.min(config.schedule.batchSize, Math.floor(budget / stepsOfFirstShape / sequenceSeconds)));
    const slice = async (layers: number): Promise<Measurement> => {
      const target = path.join(folder, `${layers}-layers`);
      await writeSlice(modelFolder, target, layers);
      const sliced = {
        ...config,
        model: { ...config.model, base: target },
        // The whole sample is read: how it would be streamed makes no difference to a step.
        data: { ...config.data, path: samplePath, validationPath, streaming: 'off', badRows: 'skip' },
        // An adapter that is there belongs to all layers; a fresh one needs as much for each.
        method: { ...config.method, initAdapter: '' },
        schedule: { ...config.schedule, batchSize },
      };
      try {
        return await measureInProcess(folder, { config: sliced, seconds, batchSize: config.schedule.batchSize });
      } catch (error) {
        throw inOwnNames(error, { [target]: modelFolder, [samplePath]: config.data.path });
      } finally {
        await fs.rm(target, { recursive: true, force: true });
      }
    };
    if (namesLayers(config)) return { sample, few: await slice(model.layers), more: null };
    const few = await slice(1);
    const layers = Math.min(affordableLayers(few, model), await fittingLayers(few, model));
    return { sample, few, more: layers > few.layers ? await slice(layers) : null };
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}

/** What takes the place of validation data on the Hub: the first rows of it. */
async function sampleValidation({ data }: TrainingConfig, columns: readonly string[], folder: string): Promise<string> {
  const { validationPath, revision } = data;
  if (!isHubPath(validationPath)) return validationPath;
  const file = path.join(folder, 'validation.jsonl');
  await writeSample({ path: validationPath, revision, split: 'validation' }, columns, file);
  return file;
}

/** Whether some layers are treated otherwise than others: a slice would not stand for them. */
const namesLayers = ({ method }: TrainingConfig): boolean =>
  [...method.targetModules, ...method.excludeModules, ...method.modulesToSave].some((name) => /\d/.test(name));

/** An error that speaks of the files that the user knows. */
function inOwnNames(error: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof EngineError)) return error;
  const named = (text: string) => Object.entries(names).reduce((said, [copy, original]) => said.replaceAll(copy, original), text);
  const issues = error.issues.map(({ path: place, message }) => ({ path: named(place), message: named(message) }));
  return new EngineError(error.code, named(error.message), { issues, cause: error });
}

/** Weights of one layer, and of what takes part in a step beside the layers. */
function parameterShares(model: ModelConfig): { layer: number; head: number } {
  const shapes = families[model.architecture].parameters(model);
  const head = model.vocabularySize * model.hiddenSize;
  return { layer: (countParameters(shapes.values()) - head * (model.tiedEmbeddings ? 1 : 2)) / model.layers, head };
}

/** One sequence through one layer and the head, forward and backward. */
function cautiousSeconds({ data, run }: TrainingConfig, model: ModelConfig): number {
  const { layer, head } = parameterShares(model);
  return (6 * data.maxLength * (layer + head)) / (cautiousRate * (run.threads || os.availableParallelism()));
}

/** As many layers as surely fit in most of the memory, judged by a slice with one. */
async function fittingLayers({ peakMemory, ran }: Measurement, model: ModelConfig): Promise<number> {
  const { available } = await detectMemory();
  const perLayer = 4 * parameterShares(model).layer + ran.activations;
  return Math.max(2, Math.floor((mostMemory * available - peakMemory) / perLayer));
}

/** As many layers as do some steps in the time, judged by a slice with one. */
function affordableLayers({ shapes }: Measurement, model: ModelConfig): number {
  const seconds = shapes[0]?.seconds ?? null;
  if (seconds === null) return Math.min(model.layers, 2);
  const { layer, head } = parameterShares(model);
  const layerSeconds = Math.max(1e-6, (seconds * layer) / (layer + head));
  const fitting = (budget / stepsOfFirstShape - (seconds - layerSeconds)) / layerSeconds;
  return Math.min(model.layers, Math.max(2, Math.floor(fitting)));
}
