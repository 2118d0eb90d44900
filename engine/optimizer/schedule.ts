export interface ScheduleSettings {
  type: 'cosine' | 'linear' | 'constant';
  warmupSteps: number;
  /** The warm-up as a share of all steps, 0 to 1; counts where `warmupSteps` is 0. */
  warmupRatio?: number;
  /** Where a cosine or a line ends, as a share of the peak, 0 to 1. */
  minLearningRateRatio?: number;
}

/**
 * The learning rate of an optimizer step: a linear rise over the warm-up, then down to the lowest rate at `totalSteps` along half
 * a cosine (Loshchilov & Hutter 2017) or a line, or constant. The same as Hugging Face's `get_scheduler`.
 * @param step optimizer step, from 1.
 */
export function learningRateAt(step: number, totalSteps: number, peak: number, settings: ScheduleSettings): number {
  const { type, warmupRatio = 0, minLearningRateRatio = 0 } = settings;
  const warmup = settings.warmupSteps || Math.ceil(warmupRatio * totalSteps);
  const done = step - 1;
  if (done < warmup) return (peak * done) / warmup;
  if (type === 'constant') return peak;
  const progress = Math.min(1, (done - warmup) / Math.max(1, totalSteps - warmup));
  const fallen = type === 'cosine' ? 0.5 * (1 + Math.cos(Math.PI * progress)) : 1 - progress;
  return peak * (minLearningRateRatio + (1 - minLearningRateRatio) * fallen);
}
