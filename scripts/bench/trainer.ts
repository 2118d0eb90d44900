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
  /** Rows and tokens of every batch. */
  batch: number;
  length: number;
}

/** Opens the engine for the benchmark. fp32; AdamW with betas 0.9 and 0.999, eps 1e-8, no weight decay, constant learning rate. */
export async function openTrainer(options: BenchTrainerOptions): Promise<BenchTrainer> {
  throw new Error(`not connected to the engine yet (${options.model})`);
}
