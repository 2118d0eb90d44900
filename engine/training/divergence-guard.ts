import { z } from 'zod';

/** What the guard remembers. It goes into each checkpoint, so that a resumed run judges as the uninterrupted one. */
export const guardSchema = z.object({
  /** Roll-backs so far. */
  rollbacks: z.int().min(0),
  /** Moving average of the loss, and how many losses went into it since training began. */
  average: z.number(),
  losses: z.int().min(0),
  /** Lowest average so far; null before the first loss. */
  lowest: z.number().nullable(),
  /** Step of the newest checkpoint that is known to be good; 0: the start. */
  good: z.int().min(0),
  /** Steps of newer checkpoints, oldest first, of which nobody knows yet. */
  candidates: z.array(z.int()),
});
export type GuardState = z.output<typeof guardSchema>;

export const freshGuard: GuardState = { rollbacks: 0, average: 0, losses: 0, lowest: null, good: 0, candidates: [] };

/** Share of a new loss in the average: about the last twenty count. A single hard batch moves it by a twentieth. */
const share = 0.05;
/** Losses before the average means something. */
const leastLosses = 5;
/** A tiny loss may triple without harm: it must also rise by so many nats per token. */
const leastRise = 2;
/** Good steps after a checkpoint until it is known to be good: what broke the weights shows in later losses only. */
const confirmation = 10;

export interface Verdict {
  state: GuardState;
  /** What is wrong, in words; null when all is well. */
  alarm: string | null;
}

/**
 * Judges the loss of a step. It has exploded when its moving average is above `spikeFactor` times its lowest value so far, and
 * at least two nats per token above it. Checkpoints become good when ten steps later the average is below half way to there.
 * @param loss a finite number.
 * @param spikeFactor 0: no loss is too high.
 */
export function observeLoss(before: GuardState, step: number, loss: number, spikeFactor: number): Verdict {
  const losses = before.losses + 1;
  // The first losses weigh alike, so that the average does not begin at zero.
  const average = before.average + Math.max(share, 1 / losses) * (loss - before.average);
  const lowest = Math.min(before.lowest ?? average, average);
  const limit = spikeFactor > 0 ? Math.max(spikeFactor * lowest, lowest + leastRise) : Infinity;
  const state = { ...before, average, losses, lowest };
  if (average > limit && losses >= leastLosses) {
    const figures = `its moving average is ${average.toFixed(2)} and was ${lowest.toFixed(2)} at its best`;
    return { state, alarm: `The loss exploded at step ${step}: ${figures}.` };
  }
  const isCalm = average <= (lowest + limit) / 2;
  const confirmed = isCalm ? state.candidates.filter((candidate) => step >= candidate + confirmation) : [];
  return { state: confirm(state, confirmed.at(-1) ?? 0), alarm: null };
}

/** The checkpoint of a step, and with it all before, is good. */
export function confirm(state: GuardState, step: number): GuardState {
  return { ...state, good: Math.max(state.good, step), candidates: state.candidates.filter((candidate) => candidate > step) };
}

/** There is a new checkpoint. */
export function addCandidate(state: GuardState, step: number): GuardState {
  if (step <= state.good) return state;
  return { ...state, candidates: [...state.candidates.filter((candidate) => candidate !== step), step] };
}

/** Steps whose checkpoints must not be deleted: the one to go back to, and the next that may become it. */
export const neededSteps = ({ good, candidates }: GuardState): number[] => [good, ...candidates.slice(0, 1)];

/** Only checkpoints that are there can become good. */
export const withoutMissing = (state: GuardState, there: readonly number[]): GuardState => ({
  ...state,
  candidates: state.candidates.filter((candidate) => there.includes(candidate)),
});
