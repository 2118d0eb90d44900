import { z } from 'zod';
import { devices } from '../hardware/device.ts';
import { runtimeNames } from '../runtimes/runtime.ts';
import { hint } from './hint.ts';

/** Evaluation, checkpoints, device, seed. */
export const run = z.strictObject({
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
