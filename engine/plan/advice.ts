import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import type { SmallerSetting } from './forecast.ts';

export const inGibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(bytes < 10 * 2 ** 30 ? 1 : 0)} GiB`;

/** A maximum length that is worth shortening. Tokens. */
const long = 128;

/**
 * What to change so that a run needs less memory, what costs least first.
 * @param smaller what is known of some changes
 * @param available bytes
 */
export function memoryAdvice(config: TrainingConfig, smaller: readonly SmallerSetting[] = [], available = 0): string {
  const { model, data, method, optimizer, schedule, run } = config;
  const isFull = method.trainable === 'full';
  const changes: [applies: boolean, setting: string, change: string][] = [
    [
      run.gradientCheckpointing === 'none',
      'run.gradientCheckpointing',
      'turn on gradient checkpointing (run.gradientCheckpointing: layer)',
    ],
    [
      schedule.batchSize > 1 && data.format !== 'tokens',
      'schedule.batchSize',
      'take a smaller batch and more gradient accumulation, which gives the same steps (schedule.batchSize: 1)',
    ],
    [!isFull && model.storage === 'float32', 'model.storage', 'keep the frozen weights in a smaller form (model.storage: nf4)'],
    [data.maxLength > long && data.format !== 'tokens', 'data.maxLength', 'shorten the maximum length (data.maxLength)'],
    [isFull && optimizer.states === 'float32', 'optimizer.states', 'keep the optimizer states in int8 (optimizer.states: int8)'],
    [isFull, 'method.trainable', 'train LoRA in place of all weights (method.trainable: lora)'],
  ];
  const texts = changes.flatMap(([applies, setting, change]) => {
    if (!applies) return [];
    const known = smaller.find((one) => one.setting === setting);
    if (!known) return [change];
    return [`${change}: ${inGibibytes(known.peakMemory)}${known.peakMemory <= available ? ', which fits' : ''}`];
  });
  return texts.length > 0 ? `What helps: ${texts.join('; ')}; or take a smaller model.` : 'Take a smaller model.';
}

/** That a run needs more memory than there is, and what to change. Null when it fits. Sizes are bytes. */
export function memoryWarning(
  config: TrainingConfig,
  needed: number,
  available: number,
  smaller: readonly SmallerSetting[] = [],
): string | null {
  if (needed <= available) return null;
  const missing = `${inGibibytes(available)} are available: ${inGibibytes(needed - available)} are missing`;
  return `The run needs about ${inGibibytes(needed)} of memory, and ${missing}. ${memoryAdvice(config, smaller, available)}`;
}

/** What ONNX Runtime, its devices' drivers and Node say when memory cannot be had. */
const shortage =
  /std::bad_alloc|bad allocation|Failed to allocate memory|CUDA (?:failure 2|error.*out of memory)|CUBLAS_STATUS_ALLOC_FAILED|E_OUTOFMEMORY|out of memory|Array buffer allocation failed/i;

/** The error that a shortage of memory is told as, or the error itself when it is something else. */
export function explainShortage(error: unknown, config: TrainingConfig): unknown {
  if (error instanceof EngineError || !(error instanceof Error) || !shortage.test(error.message)) return error;
  const message = `Memory ran out: ${inGibibytes(process.memoryUsage.rss())} were in use by this run. ${memoryAdvice(config)}`;
  return new EngineError('OUT_OF_MEMORY', message, { cause: error });
}
