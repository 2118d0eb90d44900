import type { TrainingConfig } from '../config.ts';
import { isStreamed, mostHeldOut } from '../data/streaming.ts';
import type { Forecast } from './forecast.ts';
import type { Measured } from './measure.ts';

export interface RunTime {
  /** Seconds of a step in the mean. */
  perStep: number;
  steps: number;
  evaluations: number;
  /** Seconds of the whole run: compiling, steps, evaluations. */
  total: number;
}

/** How many steps and evaluations a run has, and how long it takes. What the sample lacks of the dataset counts as what is in it. */
export function runTime({ data, schedule, run }: TrainingConfig, { sample, few }: Measured, known: Forecast): RunTime {
  const larger = sample.totalRows / Math.max(1, sample.rows);
  const stepsPerEpoch = few.stepsPerEpoch * larger;
  const fromEpochs = Math.max(1, Math.ceil(schedule.epochs * stepsPerEpoch));
  const steps = schedule.maxSteps > 0 ? Math.min(schedule.maxSteps, fromEpochs) : fromEpochs;
  // Validation data of its own is all there.
  const validationRows = few.validationExamples * (data.validationPath === '' ? larger : 1);
  const heldOut = Math.min(Math.max(mostHeldOut, few.validationExamples), Math.round(validationRows));
  const bySteps = run.evaluateEvery > 0 ? Math.floor(steps / run.evaluateEvery) : 0;
  const byEpochs = run.evaluateEveryEpochs > 0 ? Math.floor(steps / stepsPerEpoch / run.evaluateEveryEpochs) : 0;
  // One before the first step and one after the last.
  const evaluations = heldOut > 0 ? 2 + bySteps + byEpochs : 0;
  const evaluated = Math.ceil(heldOut / schedule.batchSize);
  const evaluating = evaluations * evaluated * known.secondsPerEvaluation;
  // A reference model remembers what it has met, but rows that stay on disk are read anew.
  const meetings = isStreamed(sample, data) ? steps : Math.min(steps, stepsPerEpoch);
  const perStep = known.secondsPerStep + (known.secondsPerReference * meetings) / steps;
  const heldOutMeetings = evaluations > 0 ? evaluated / schedule.gradientAccumulation : 0;
  const total = known.compileSeconds + steps * perStep + evaluating + heldOutMeetings * known.secondsPerReference;
  return { perStep, steps, evaluations, total };
}
