import { z } from 'zod';
import { EngineError, type Issue } from './errors.ts';

/** What a form shows beside a field. `unit` is empty for pure numbers. */
export type FieldHint = {
  title: string;
  help: string;
  unit?: string;
  /** Shown only on demand: most people never touch it. */
  advanced?: boolean;
};

const hint = (title: string, help: string, more: Omit<FieldHint, 'title' | 'help'> = {}): FieldHint => ({ title, help, ...more });

/** The seven linear layers of a Llama block: attention and gated MLP. */
const allLinears = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

const model = z.strictObject({
  base: z
    .string()
    .min(1)
    .default('bundled')
    .meta(
      hint(
        'Base model',
        'A Hugging Face model folder with config.json, model.safetensors and tokenizer.json, or "bundled" for the small code model that comes with the studio.',
      ),
    ),
});

const data = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('bundled')
    .meta(hint('Dataset', 'A JSONL file, one JSON object a line, or "bundled" for the instruction set that belongs to the bundled model.')),
  format: z
    .enum(['auto', 'alpaca', 'prompt-completion', 'messages', 'text'])
    .default('auto')
    .meta(
      hint(
        'Format',
        'How a row is read. alpaca: instruction, input, output. prompt-completion: prompt, completion. messages: a list of {role, content}. text: plain text, every token a target. auto looks at the first rows.',
      ),
    ),
  maxLength: z
    .int()
    .min(16)
    .max(32768)
    .default(512)
    .meta(hint('Maximum length', 'Longer examples are cut at the end.', { unit: 'tokens' })),
  validationShare: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .meta(hint('Validation share', 'Part of the rows held out to measure the evaluation loss. 0 turns evaluation off.')),
});

const method = z.strictObject({
  trainable: z
    .enum(['lora', 'full'])
    .default('lora')
    .meta(
      hint(
        'What is trained',
        'lora: small low-rank matrices beside frozen weights (Hu et al. 2021). full: every weight of the model; needs about four times the memory.',
      ),
    ),
  rank: z
    .int()
    .min(1)
    .max(512)
    .default(8)
    .meta(hint('LoRA rank', 'Inner dimension of the low-rank matrices. More rank can learn more and costs more memory.')),
  alpha: z.number().min(0.01).max(4096).default(16).meta(hint('LoRA alpha', 'The update is scaled by alpha / rank.')),
  targetModules: z
    .array(z.string().min(1))
    .min(1)
    .default([...allLinears])
    .meta(hint('Target modules', 'The linear layers that get LoRA matrices, by name.', { advanced: true })),
});

const optimizer = z.strictObject({
  learningRate: z
    .number()
    .min(1e-8)
    .max(1)
    .default(2e-4)
    .meta(hint('Learning rate', 'Peak step size of AdamW, reached after the warm-up. LoRA: about 1e-4 to 3e-3; full: about 1e-5 to 1e-3.')),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta(hint('Weight decay', 'Decoupled weight decay (Loshchilov & Hutter 2019). Not applied to norms and biases.', { advanced: true })),
  beta1: z
    .number()
    .min(0)
    .max(0.9999)
    .default(0.9)
    .meta(hint('Beta 1', 'Decay of the running mean of the gradient.', { advanced: true })),
  beta2: z
    .number()
    .min(0)
    .max(0.99999)
    .default(0.999)
    .meta(hint('Beta 2', 'Decay of the running mean of the squared gradient.', { advanced: true })),
  epsilon: z
    .number()
    .min(1e-12)
    .max(1e-2)
    .default(1e-8)
    .meta(hint('Epsilon', 'Added to the denominator of AdamW.', { advanced: true })),
  maxGradientNorm: z
    .number()
    .min(0)
    .max(1e6)
    .default(1)
    .meta(hint('Gradient clipping', 'Gradients are scaled down to this global norm. 0 turns clipping off.', { advanced: true })),
});

const schedule = z.strictObject({
  type: z
    .enum(['cosine', 'linear', 'constant'])
    .default('cosine')
    .meta(hint('Schedule', 'How the learning rate falls after the warm-up: to zero along a cosine or a line, or not at all.')),
  warmupSteps: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .meta(hint('Warm-up', 'The learning rate rises linearly over this many steps.', { unit: 'steps' })),
  epochs: z
    .number()
    .min(0.01)
    .max(1000)
    .default(1)
    .meta(hint('Epochs', 'How often the whole training set is seen.', { unit: 'epochs' })),
  maxSteps: z
    .int()
    .min(0)
    .max(10_000_000)
    .default(0)
    .meta(
      hint('Maximum steps', 'Stops after this many optimizer steps whatever the epochs say. 0: no limit.', {
        unit: 'steps',
        advanced: true,
      }),
    ),
  batchSize: z
    .int()
    .min(1)
    .max(4096)
    .default(8)
    .meta(hint('Batch size', 'Sequences in one forward and backward pass.', { unit: 'sequences' })),
  gradientAccumulation: z
    .int()
    .min(1)
    .max(4096)
    .default(1)
    .meta(
      hint(
        'Gradient accumulation',
        'Passes summed up before the optimizer steps; the loss is normalised by the target tokens of all of them.',
        { unit: 'passes', advanced: true },
      ),
    ),
});

const run = z.strictObject({
  seed: z
    .int()
    .min(0)
    .max(4294967295)
    .default(0)
    .meta(hint('Seed', 'The same seed, data and machine give the same losses.', { advanced: true })),
  evaluateEvery: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(50)
    .meta(hint('Evaluate every', 'Steps between evaluations on the validation rows. 0: at the end only.', { unit: 'steps' })),
  checkpointEvery: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(50)
    .meta(
      hint('Checkpoint every', 'Steps between checkpoints. A run that is killed goes on from its last checkpoint. 0: at the end only.', {
        unit: 'steps',
      }),
    ),
  keepCheckpoints: z
    .int()
    .min(1)
    .max(1000)
    .default(2)
    .meta(hint('Checkpoints kept', 'Older ones are deleted.', { advanced: true })),
  threads: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .meta(hint('Threads', 'CPU threads for the training process. 0: one for each core.', { unit: 'threads', advanced: true })),
});

const section = <T extends z.ZodType>(schema: T, title: string, help: string) => schema.prefault({} as z.input<T>).meta({ title, help });

/**
 * Everything that decides how a run trains. One schema gives validation, defaults, the form in the client and the docs:
 * each field carries its title, unit, range and help as metadata.
 */
export const trainingConfigSchema = z.strictObject({
  model: section(model, 'Model', 'What is fine-tuned.'),
  data: section(data, 'Data', 'What it learns from.'),
  method: section(method, 'Method', 'Supervised fine-tuning: the loss is taken on completions only.'),
  optimizer: section(optimizer, 'Optimizer', 'AdamW.'),
  schedule: section(schedule, 'Schedule', 'How long and in what batches.'),
  run: section(run, 'Run', 'Evaluation, checkpoints, seed.'),
});

export type TrainingConfig = z.output<typeof trainingConfigSchema>;
export type TrainingConfigInput = z.input<typeof trainingConfigSchema>;

/**
 * Checks a configuration and fills in defaults.
 * @throws EngineError `CONFIG_INVALID` with one issue for each field that is wrong.
 */
export function parseTrainingConfig(input: unknown): TrainingConfig {
  const result = trainingConfigSchema.safeParse(input ?? {});
  if (result.success) return result.data;
  const issues: Issue[] = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: 'There is no such field.' }))
      : [{ path: issue.path.join('.'), message: explain(issue) }],
  );
  throw new EngineError(
    'CONFIG_INVALID',
    `The configuration is not valid: ${issues.map((i) => `${i.path || 'configuration'}: ${i.message}`).join('; ')}`,
    { issues },
  );
}

/** What is wrong with a value, in words that name the limit. */
function explain(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int' ? `It must be at least ${issue.minimum}.` : 'It must not be empty.';
    case 'too_big':
      return `It must be at most ${issue.maximum}.`;
    case 'invalid_value':
      return `It must be one of ${issue.values.map(String).join(', ')}.`;
    case 'invalid_type':
      return `It must be ${issue.expected === 'int' ? 'a whole number' : issue.expected === 'array' ? 'a list' : issue.expected === 'string' ? 'a text' : `${issue.expected === 'object' ? 'an' : 'a'} ${issue.expected}`}.`;
    default:
      return issue.message;
  }
}
