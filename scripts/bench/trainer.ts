import { loadAdapter, loadModel, Trainer } from '@anneal/engine';

/** One training step's input: token ids and labels (not shifted, −100 where no loss is taken), [batch, length]. */
export interface Batch {
  input_ids: number[][];
  labels: number[][];
}

export interface BenchTrainerOptions {
  /** Hugging Face model folder. */
  model: string;
  /** PEFT folder to start from. */
  adapter: string;
  threads: number;
  learningRate: number;
}

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 1 };

/** The engine's trainer on ready-made batches: LoRA, fp32, AdamW without decay at a constant rate. */
export async function openTrainer({ model: folder, adapter: adapterFolder, threads, learningRate }: BenchTrainerOptions) {
  const model = await loadModel(folder);
  const { config: settings, tensors } = await loadAdapter(adapterFolder);
  const trainable = [...tensors].map(([name, { shape, data }]) => ({ name: name.replace(/^base_model\.model\./, ''), shape, data }));
  const adapter = { settings, tensors: new Map(trainable.map(({ name, shape }) => [name, shape])) };
  const trainer = new Trainer({ model, adapter, trainable, optimizer, threads });
  let step = 0;
  return {
    step({ input_ids, labels }: Batch) {
      const [first = []] = input_ids;
      const ids = Int32Array.from(input_ids.flat());
      const microBatch = { batch: input_ids.length, length: first.length, ids, labels: Int32Array.from(labels.flat()), tokens: ids.length };
      return trainer.step([microBatch], learningRate, ++step);
    },
    close: () => trainer.release(),
  };
}
