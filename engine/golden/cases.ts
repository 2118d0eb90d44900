import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import type { GraphAdapter } from '../adapters/lora.ts';
import type { MicroBatch } from '../training/micro-batch.ts';
import type { TrainableTensor } from '../training/trainer.ts';
import { readSafetensors } from '../weights/safetensors.ts';

const matrix = z.array(z.array(z.int()));
const batch = z.object({ input_ids: matrix, attention_mask: matrix, labels: matrix });
const losses = z.object({ loss: z.number(), gradientNorm: z.number() });
const training = z.object({
  weightDecay: z.number(),
  maxGradientNorm: z.number(),
  beta1: z.number(),
  beta2: z.number(),
  epsilon: z.number(),
  learningRates: z.array(z.number()),
  losses: z.array(z.number()),
  gradientNorms: z.array(z.number()),
  targets: z.array(z.int()),
  batches: z.array(z.array(batch)),
});
const generation = z.object({ prompt: z.array(z.int()), tokens: z.array(z.int()), margin: z.number() });
const golden = z.object({
  batch,
  loss: z.number(),
  gradientNorm: z.number().optional(),
  lora: losses,
  generation: z.object({ base: generation, lora: generation }).optional(),
  trainings: z.record(z.string(), training).default({}),
});

export type Golden = z.output<typeof golden>;
export type GoldenTraining = z.output<typeof training>;

const folder = import.meta.dirname;

/** Names of all cases; see README.md. */
export const goldenCases = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

export const goldenFolder = (name: string): string => path.join(folder, name);

export const readGolden = (name: string): Golden => golden.parse(JSON.parse(readFileSync(path.join(folder, name, 'golden.json'), 'utf8')));

/** What PyTorch computed for a case, by name; see README.md. */
export const goldenTensors = async (name: string) => (await readSafetensors(path.join(folder, name, 'golden.safetensors'))).tensors;

/** The adapter of a case, under the names that the engine's graphs use. */
export async function goldenAdapter(name: string): Promise<{ adapter: GraphAdapter; trainable: TrainableTensor[] }> {
  const { tensors } = await readSafetensors(path.join(folder, name, 'adapter', 'adapter_model.safetensors'));
  const trainable = [...tensors].map(([key, { shape, data }]) => ({ name: key.replace('base_model.model.', ''), shape, data }));
  return {
    adapter: { settings: { rank: 4, alpha: 8 }, tensors: new Map(trainable.map((tensor) => [tensor.name, tensor.shape])) },
    trainable,
  };
}

export function toMicroBatch({ input_ids, labels, attention_mask }: z.output<typeof batch>): MicroBatch {
  const length = input_ids[0]?.length ?? 0;
  const tokens = attention_mask.flat().reduce((sum, seen) => sum + seen, 0);
  return { batch: input_ids.length, length, ids: Int32Array.from(input_ids.flat()), labels: Int32Array.from(labels.flat()), tokens };
}

/** ‖a − b‖ / ‖b‖ */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new EngineError('MODEL_BROKEN', `${a.length} elements against ${b.length}`);
  let [difference, size] = [0, 0];
  for (let index = 0; index < b.length; index++) {
    difference += ((a[index] ?? NaN) - (b[index] ?? NaN)) ** 2;
    size += (b[index] ?? NaN) ** 2;
  }
  return Math.sqrt(difference / (size || 1));
}
