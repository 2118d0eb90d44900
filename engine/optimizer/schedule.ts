export interface ScheduleSettings {
  type: 'cosine' | 'linear' | 'constant';
  warmupSteps: number;
}

/**
 * The learning rate of an optimizer step: a linear rise over the warm-up, then down to zero at `totalSteps` along half a
 * cosine (Loshchilov & Hutter 2017) or a line, or constant. The same as Hugging Face's `get_scheduler`.
 * @param step optimizer step, from 1.
 */
export function learningRateAt(step: number, totalSteps: number, peak: number, { type, warmupSteps }: ScheduleSettings): number {
  const done = step - 1;
  if (done < warmupSteps) return (peak * done) / warmupSteps;
  const progress = Math.min(1, (done - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  if (type === 'cosine') return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
  if (type === 'linear') return peak * (1 - progress);
  return peak;
}
