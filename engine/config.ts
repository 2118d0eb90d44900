import { z } from 'zod';
import { EngineError, type Issue } from './errors.ts';
import { productTypes, storages } from './quantization/stored-weight.ts';
import { devices } from './hardware/device.ts';
import { runtimeNames } from './runtimes/runtime.ts';

/** What a form shows beside a field. `unit` is empty for pure numbers. */
export type FieldHint = {
  title: string;
  help: string;
  unit?: string;
  /** Shown only on demand: most people never touch it. */
  advanced?: boolean;
};

const hint = (title: string, help: string, more: Omit<FieldHint, 'title' | 'help'> = {}): FieldHint => ({ title, help, ...more });

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
  storage: z
    .enum(storages)
    .default('float32')
    .meta(
      hint(
        'Storage',
        'How the frozen weights of the linear layers are kept in memory. float16: half the size; nearly exact. int8: a quarter. nf4: an eighth (QLoRA, Dettmers et al. 2023). Smaller ones for LoRA only.',
      ),
    ),
  products: z
    .enum(productTypes)
    .default('float32')
    .meta(
      hint(
        'Products',
        'What products with frozen int8 weights are computed in. int8: about twice as fast on processors with VNNI or its like, and a little less exact (SwitchBack, Wortsman et al. 2023).',
        { advanced: true },
      ),
    ),
  doubleQuantization: z
    .boolean()
    .default(false)
    .meta(
      hint(
        'Double quantisation',
        'nf4: the factors of its blocks are quantised too (Dettmers et al. 2023). Saves another 8 % of the weights and is a little less exact.',
        { advanced: true },
      ),
    ),
});

const data = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('bundled')
    .meta(
      hint(
        'Dataset',
        'A file (JSONL, a JSON list, CSV or Parquet; text kinds also compressed with gzip), a folder of such files, "hub:owner/name" for a dataset on the Hugging Face Hub ("hub:owner/name/folder" for a part of it), or "bundled" for the instruction set that belongs to the bundled model.',
      ),
    ),
  format: z
    .enum(['auto', 'alpaca', 'sharegpt', 'messages', 'prompt-completion', 'preference', 'text', 'tokens'])
    .default('auto')
    .meta(
      hint(
        'Format',
        'How a row is read. alpaca: instruction, input, output. sharegpt: conversations, a list of {from, value}. messages: a list of {role, content}, perhaps with tools. prompt-completion: prompt, completion. preference: prompt, chosen, rejected. text: plain text, every token a target. tokens: one optimizer step a row, input_ids, labels and attention_mask, taken in the order of the file as they are. auto looks at the first rows.',
      ),
    ),
  columns: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .meta(
      hint(
        'Columns',
        'Where the fields of the format are found, when the dataset names them otherwise: instruction = question, output = answer.',
        {
          advanced: true,
        },
      ),
    ),
  revision: z
    .string()
    .min(1)
    .default('main')
    .meta(
      hint(
        'Revision',
        'Branch, tag or commit of a dataset on the Hub. A run notes the commit and stays with it, whatever becomes of the branch.',
        {
          advanced: true,
        },
      ),
    ),
  split: z
    .string()
    .min(1)
    .default('train')
    .meta(hint('Split', 'Which part of a dataset on the Hub: the files whose name says so.', { advanced: true })),
  maxLength: z
    .int()
    .min(16)
    .max(32768)
    .default(512)
    .meta(hint('Maximum length', 'What becomes of longer examples is told by the truncation.', { unit: 'tokens' })),
  truncation: z
    .enum(['end', 'start', 'drop'])
    .default('end')
    .meta(
      hint(
        'Truncation',
        'What becomes of an example that is longer than the maximum length. end: its end is cut off. start: its beginning is cut off, but for the begin token. drop: it is left out.',
        { advanced: true },
      ),
    ),
  lossOn: z
    .enum(['completions', 'assistant', 'all'])
    .default('assistant')
    .meta(
      hint(
        'Loss on',
        "Which tokens are targets. assistant: every turn of the assistant. completions: the assistant's last turn only. all: prompts too. In rows with a single answer the first two are the same; plain text is always a target as a whole.",
        { advanced: true },
      ),
    ),
  packing: z
    .boolean()
    .default(false)
    .meta(
      hint(
        'Packing',
        'Puts several examples into one sequence of the maximum length, without letting them see each other. Saves padding where lengths differ; the batch size then counts such sequences.',
      ),
    ),
  streaming: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .meta(
      hint(
        'Streaming',
        'Whether rows are read from disk while training, in constant memory, rather than all at the start. auto: for more than 64 MB of data. At most 2,000 rows are then held out for validation.',
        { advanced: true },
      ),
    ),
  badRows: z
    .enum(['fail', 'skip'])
    .default('fail')
    .meta(
      hint(
        'Bad rows',
        'What happens when rows cannot be used. fail: the run does not start, and the rows are named. skip: they are left out, with a warning that names them.',
      ),
    ),
  validationShare: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .meta(
      hint(
        'Validation share',
        'Part of the rows held out to measure the evaluation loss. 0 turns evaluation off. Not used with validation data of its own.',
      ),
    ),
  validationPath: z
    .string()
    .default('')
    .meta(
      hint(
        'Validation data',
        'A dataset of its own to measure the evaluation loss on, in the format of the dataset; of one on the Hub its validation split. Empty: none.',
        {
          advanced: true,
        },
      ),
    ),
  keyFile: z
    .string()
    .default('')
    .meta(
      hint('Key file', 'Where the key of an encrypted dataset is (its files end in .sealed). The studio fills it in. Empty: none.', {
        advanced: true,
      }),
    ),
});

const method = z.strictObject({
  type: z
    .enum(['sft', 'pretraining', 'dpo', 'orpo', 'reward'])
    .default('sft')
    .meta(
      hint(
        'Method',
        'sft: learns to write the answers. pretraining: learns plain text, every token. dpo: learns from pairs of answers which one is preferred, held to the model it starts from (Rafailov et al. 2023). orpo: the same together with sft, in one go (Hong et al. 2024). reward: learns to value an answer with a number.',
      ),
    ),
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
    .array(z.string().min(1).max(200))
    .min(1)
    .max(1000)
    .default(['all-linear'])
    .meta(
      hint(
        'Target modules',
        'The linear layers that get LoRA matrices: by name (q_proj), by the end of it (self_attn.q_proj), by a pattern in which * stands for anything (layers.1*.mlp.*), or all-linear.',
        { advanced: true },
      ),
    ),
  excludeModules: z
    .array(z.string().min(1).max(200))
    .max(1000)
    .default([])
    .meta(hint('Excluded modules', 'Linear layers that are left out of the target modules, named in the same ways.', { advanced: true })),
  modulesToSave: z
    .array(z.string().min(1).max(200))
    .max(1000)
    .default([])
    .meta(
      hint(
        'Modules trained whole',
        'Modules whose own weights are trained and saved beside the LoRA matrices, named in the same ways: embed_tokens, lm_head, norm.',
        { advanced: true },
      ),
    ),
  initAdapter: z
    .string()
    .default('')
    .meta(
      hint(
        'Initial adapter',
        'A PEFT folder whose adapter is trained further. Its own rank, alpha, variant and modules hold then, not those given here. Empty: a fresh adapter.',
        { advanced: true },
      ),
    ),
  rsLora: z
    .boolean()
    .default(false)
    .meta(
      hint('Rank-stabilised LoRA', 'Scales the update by alpha / √rank, so that large ranks learn as fast (Kalajdzievski 2023).', {
        advanced: true,
      }),
    ),
  dora: z
    .boolean()
    .default(false)
    .meta(
      hint('DoRA', 'Trains the length of each row of a weight apart from its direction (Liu et al. 2024). Slower than plain LoRA.', {
        advanced: true,
      }),
    ),
  dropout: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .meta(
      hint('LoRA dropout', 'Share of the inputs of the LoRA matrices that is set to zero at random while training.', { advanced: true }),
    ),
  dpoBeta: z
    .number()
    .min(0.001)
    .max(100)
    .default(0.1)
    .meta(hint('DPO beta', 'dpo: how strongly the model is held to the one it started from.', { advanced: true })),
  dpoLoss: z
    .enum(['sigmoid', 'ipo'])
    .default('sigmoid')
    .meta(
      hint('DPO loss', 'dpo: sigmoid is that of Rafailov et al. 2023; ipo, of Azar et al. 2023, overfits less to clear preferences.', {
        advanced: true,
      }),
    ),
  dpoLabelSmoothing: z
    .number()
    .min(0)
    .max(0.49)
    .default(0)
    .meta(
      hint('DPO label smoothing', 'dpo with the sigmoid loss: the share of pairs that is taken to be labelled the wrong way round.', {
        advanced: true,
      }),
    ),
  orpoLambda: z
    .number()
    .min(0)
    .max(100)
    .default(0.1)
    .meta(hint('ORPO lambda', 'orpo: weight of the preference beside the likelihood of the better answers.', { advanced: true })),
  rewardMargin: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .meta(hint('Reward margin', "reward: by how much the better answer's value should at least be larger.", { advanced: true })),
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
  states: z
    .enum(['float32', 'int8'])
    .default('float32')
    .meta(
      hint(
        'Optimizer states',
        'How the two running means of AdamW are kept. int8: quantised by blocks (Dettmers et al. 2022), a quarter of the memory; tensors under 4,096 weights stay in float32.',
        { advanced: true },
      ),
    ),
});

const schedule = z.strictObject({
  type: z
    .enum(['cosine', 'linear', 'constant'])
    .default('cosine')
    .meta(
      hint(
        'Schedule',
        'How the learning rate falls after the warm-up: along a cosine or a line, to zero unless a lowest rate is set, or not at all.',
      ),
    ),
  warmupSteps: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .meta(hint('Warm-up', 'The learning rate rises linearly over this many steps.', { unit: 'steps' })),
  warmupRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta(hint('Warm-up share', 'The warm-up as a share of all steps. Used when no warm-up in steps is given.', { advanced: true })),
  minLearningRateRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta(hint('Lowest rate', 'Where a cosine or a line ends, as a share of the learning rate.', { advanced: true })),
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
  evaluateEveryEpochs: z
    .number()
    .min(0)
    .max(1000)
    .default(0)
    .meta(
      hint('Evaluate every (epochs)', 'Passes over the training set between evaluations, beside those by steps. 0: off.', {
        unit: 'epochs',
        advanced: true,
      }),
    ),
  earlyStoppingPatience: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .meta(
      hint('Early stopping', 'The run ends after this many evaluations in a row without an improvement of the evaluation loss. 0: off.', {
        unit: 'evaluations',
      }),
    ),
  earlyStoppingMinDelta: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .meta(
      hint('Smallest improvement', 'By how much the evaluation loss must fall to count as an improvement for early stopping.', {
        unit: 'nats/token',
        advanced: true,
      }),
    ),
  keepBest: z
    .boolean()
    .default(true)
    .meta(hint('Keep the best', 'The checkpoint with the lowest evaluation loss is kept beside the newest ones.', { advanced: true })),
  loadBest: z
    .boolean()
    .default(true)
    .meta(
      hint('Use the best', 'What the run produces has the weights with the lowest evaluation loss, where they were kept, not the last.', {
        advanced: true,
      }),
    ),
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
    .meta(
      hint('Checkpoints kept', 'Older ones are deleted, but for the best and for the one that the guard would go back to.', {
        unit: 'checkpoints',
        advanced: true,
      }),
    ),
  tensorBoard: z
    .boolean()
    .default(true)
    .meta(
      hint('TensorBoard files', 'The metrics are also written as event files, into the folder tensorboard of the run.', { advanced: true }),
    ),
  threads: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .meta(hint('Threads', 'CPU threads for the training process. 0: one for each core.', { unit: 'threads', advanced: true })),
  gradientCheckpointing: z
    .enum(['none', 'layer'])
    .default('none')
    .meta(
      hint(
        'Gradient checkpointing',
        'layer: the backward pass computes each layer again in place of keeping what was inside of it (Chen et al. 2016). Much less memory for long sequences, about a third more time.',
        { advanced: true },
      ),
    ),
  device: z
    .enum(['auto', ...devices])
    .default('auto')
    .meta(
      hint(
        'Device',
        'What the steps are computed on. auto: the fastest that works, tried with a small model before the run; the log says why others were passed over.',
        { advanced: true },
      ),
    ),
  runtime: z
    .enum(runtimeNames)
    .default('onnx')
    .meta(
      hint(
        'Runtime',
        'The library that computes the steps. onnx: ONNX Runtime, the fastest. tfjs: TensorFlow.js, by the fastest of its packages that is installed.',
        { advanced: true },
      ),
    ),
});

const guard = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .meta(
      hint(
        'Guard',
        'When the loss is no longer a number, or explodes, training goes back to the last good checkpoint and on from there with a lower learning rate. Off: a loss that is no longer a number ends the run.',
        { advanced: true },
      ),
    ),
  maxRollbacks: z
    .int()
    .min(0)
    .max(100)
    .default(3)
    .meta(hint('Roll-backs', 'How often the guard goes back before it gives the run up.', { advanced: true })),
  rateFactor: z
    .number()
    .min(0.01)
    .max(1)
    .default(0.5)
    .meta(
      hint('Rate after a roll-back', 'What the learning rate is multiplied with for the rest of the run, each time.', { advanced: true }),
    ),
  spikeFactor: z
    .number()
    .min(0)
    .max(1000)
    .default(3)
    .meta(
      hint(
        'Explosion',
        'The loss has exploded when its moving average (about 20 steps) is more than this many times its lowest value so far. 0: only a loss that is no longer a number counts.',
        { advanced: true },
      ),
    ),
});

/** Settings of a storage that is not the one chosen would change nothing. */
const checkedModel = model.superRefine(({ storage, products, doubleQuantization }, context) => {
  const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  if (products === 'int8' && storage !== 'int8') refuse('products', 'int8 products need int8 weights. Set model.storage to int8 too.');
  if (doubleQuantization && storage !== 'nf4')
    refuse('doubleQuantization', 'It belongs to nf4. Set model.storage to nf4, or leave it out.');
});

const section = <T extends z.ZodType>(schema: T, title: string, help: string) => schema.prefault({} as z.input<T>).meta({ title, help });

/**
 * Everything that decides how a run trains. One schema gives validation, defaults, the form in the client and the docs:
 * each field carries its title, unit, range and help as metadata.
 */
export const trainingConfigSchema = z.strictObject({
  model: section(checkedModel, 'Model', 'What is fine-tuned.'),
  data: section(data, 'Data', 'What it learns from.'),
  method: section(method, 'Method', 'How it learns, and what of the model changes.'),
  optimizer: section(optimizer, 'Optimizer', 'AdamW.'),
  schedule: section(schedule, 'Schedule', 'How long and in what batches.'),
  run: section(run, 'Run', 'Evaluation, checkpoints, seed.'),
  guard: section(guard, 'Guard', 'What happens when the loss diverges.'),
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

const kindNames: Record<string, string> = {
  int: 'a whole number',
  array: 'a list',
  string: 'a text',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
};

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
      return `It must be ${kindNames[issue.expected] ?? `a ${issue.expected}`}.`;
    default:
      return issue.message;
  }
}
