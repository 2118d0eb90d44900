import { loadAdapter, loadModel, Trainer } from '@anneal/engine';
import { makeMicroBatch, packMicroBatch, packPool, type Runtime } from '@anneal/engine/internals';
import { type Batch, unpadded } from './batches.ts';
import type { Variant } from './variants.ts';

export interface BenchTrainerOptions extends Omit<Variant, 'name'> {
  /** Hugging Face model folder. */
  model: string;
  /** PEFT folder to start from. */
  adapter: string;
  threads: number;
  learningRate: number;
  /** Length of the rows that sequences are packed into; 0: each has a row of its own. */
  packing: number;
  runtime: Runtime;
}

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 1 };

/** The engine's trainer on ready-made batches: LoRA, AdamW without decay at a constant rate. */
export async function openTrainer(options: BenchTrainerOptions) {
  const { storage, products, gradientCheckpointing, threads, learningRate, packing, runtime } = options;
  const model = await loadModel(options.model, { storage, products });
  const { config: settings, tensors } = await loadAdapter(options.adapter);
  const trainable = [...tensors].map(([name, { shape, data }]) => ({ name: name.replace(/^base_model\.model\./, ''), shape, data }));
  const adapter = { settings, tensors: new Map(trainable.map(({ name, shape }) => [name, shape])) };
  const trainer = new Trainer({ model, adapter, trainable, optimizer, threads, runtime, gradientCheckpointing });
  let step = 0;
  return {
    step: (batch: Batch) => trainer.step([microBatchOf(batch, packing)], learningRate, ++step),
    close: () => trainer.release(),
  };
}

function microBatchOf(batch: Batch, packing: number) {
  const examples = unpadded(batch).map(({ ids, labels }) => ({ inputIds: Int32Array.from(ids), labels: Int32Array.from(labels) }));
  const lengths = examples.map(({ inputIds }) => inputIds.length);
  if (packing === 0) return makeMicroBatch(examples, Math.max(...lengths), 0);
  const rows = packPool(lengths, packing).map((row) => row.flatMap((place) => examples[place] ?? []));
  return packMicroBatch(rows, packing, 0);
}
