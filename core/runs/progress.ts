import type { Run } from '@anneal/prisma';

/**
 * Seconds until the last step, estimated from the recent ones. Null when the run is not going or its speed is not known yet.
 */
export function secondsLeft(
  { state, step, totalSteps, secondsPerStep, lastStepAt }: Pick<Run, 'state' | 'step' | 'totalSteps' | 'secondsPerStep' | 'lastStepAt'>,
  now: Date,
): number | null {
  if (state !== 'RUNNING' || totalSteps === null || secondsPerStep === null) return null;
  const sinceLastStep = lastStepAt ? Math.max(0, (now.getTime() - lastStepAt.getTime()) / 1000) : 0;
  return Math.max(0, (totalSteps - step) * secondsPerStep - Math.min(sinceLastStep, secondsPerStep));
}

/** Share of a new step time in the moving average: about the last ten steps count. */
const share = 0.15;

/** The moving average of the step time, in seconds, after a step that took `seconds`. */
export const averageStepTime = (average: number | null, seconds: number): number =>
  average === null ? seconds : average + share * (seconds - average);
