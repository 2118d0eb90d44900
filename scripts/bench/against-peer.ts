import { type Figures, type Finding, measured, type MeasureSpec, notMeasured } from './measure.ts';
import type { SideRun } from './side.ts';
import { largestRelativeDifference, median } from './statistics.ts';
import type { Turns } from './turns.ts';
import type { Variant } from './variants.ts';

/** Highest relative difference between the losses of the two sides, in fp32. */
export const lossTolerance = 1e-4;

/** What is compared: a figure of each run. */
export interface Compared {
  unit: Figures['unit'];
  of: (run: SideRun) => number;
}

/**
 * One of our variants against PyTorch + PEFT: the ratio of the medians over the rounds. In fp32 their losses must agree.
 * Where only our side ran, its figure is told with why the other did not.
 */
export function againstPeer(
  spec: MeasureSpec,
  turns: Turns,
  variant: Variant,
  { unit, of }: Compared,
  details: Record<string, unknown> = {},
): Finding {
  let runs: readonly SideRun[];
  try {
    runs = turns.ours(variant);
  } catch (error) {
    return notMeasured(spec, error, { details });
  }
  const ours = runs.map(of);
  let peerRuns: readonly SideRun[];
  try {
    peerRuns = turns.peer();
  } catch (error) {
    return notMeasured(spec, error, { figures: { unit, ours: median(ours), other: null }, details });
  }
  const peer = peerRuns.map(of);
  const figures = { unit, ours: median(ours), other: median(peer) };
  const isExact = variant.storage === 'float32' && variant.products === 'float32';
  const difference = lossDifference(runs, peerRuns);
  return measured(spec, figures.ours / figures.other, {
    figures,
    holds: !isExact || difference <= lossTolerance,
    details: {
      ...details,
      rounds: ours.map((value, round) => value / (peer[round] ?? Number.NaN)),
      figuresOfRounds: { ours, peer },
      losses: { largestRelativeDifference: difference, tolerance: isExact ? lossTolerance : null },
    },
  });
}

/** Largest relative difference between the losses of the two sides. */
export const lossDifference = (ours: readonly SideRun[], peer: readonly SideRun[]): number =>
  largestRelativeDifference(ours[0]?.losses ?? [], peer[0]?.losses ?? []);
