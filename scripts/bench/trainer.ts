import { Trainer } from '../../engine/training/trainer.ts';
import { loadModel } from '../../engine/models/load.ts';
import { loraTensors } from '../../engine/adapters/lora.ts';
import { openSafetensors } from '../../engine/weights/safetensors.ts';

/** One training step's input, as the batch files have it: token ids and labels (not shifted, −100 where no loss is taken), [batch, length]. */
export interface Batch {
  input_ids: number[][];
  labels: number[][];
}

/** What the benchmark needs of the engine: a LoRA trainer that takes ready-made batches. */
export interface BenchTrainer {
  /** Forward, backward, clipping at norm 1 and AdamW. `loss`: mean over targets. `gradientNorm`: before clipping. */
  step(batch: Batch): Promise<{ loss: number; gradientNorm: number }>;
  close(): Promise<void>;
}

export interface BenchTrainerOptions {
  /** Hugging Face model folder. */
  model: string;
  /** PEFT folder to start from. */
  adapter: string;
  threads: number;
  learningRate: number;
}

/** Opens the engine for the benchmark. fp32; AdamW with betas 0.9 and 0.999, eps 1e-8, no weight decay, constant learning rate. */
export async function openTrainer({ model: folder, adapter, threads, learningRate }: BenchTrainerOptions): Promise<BenchTrainer> {
  const model = await loadModel(folder);
  const settings = { rank: 8, alpha: 16, targetModules: ['q_proj','k_proj','v_proj','o_proj','gate_proj','up_proj','down_proj'] };
  const file = await openSafetensors(adapter + '/adapter_model.safetensors');
  const trainable = await Promise.all(loraTensors(model.family.parameters(model.config), settings).map(async ({ name, shape }) => ({ name, shape, data: await file.read(`base_model.model.${name}`) })));
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradientNorm: 1 };
  const trainer = new Trainer({ model, adapter: { settings, tensors: new Map(trainable.map(({ name, shape }) => [name, shape])) }, trainable, optimizer, threads, profile: process.env.PROFILE });
  let step = 0;
  return {
    step: (batch) => {
      const [first = []] = batch.input_ids;
      const microBatch = { batch: batch.input_ids.length, length: first.length, ids: Int32Array.from(batch.input_ids.flat()), labels: Int32Array.from(batch.labels.flat()) };
      return trainer.step([microBatch], learningRate, ++step);
    },
    close: () => trainer.release(),
  };
}
