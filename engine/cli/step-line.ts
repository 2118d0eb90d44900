import type { MetricsEvent } from '../training/events.ts';
import { inCount, inDuration } from './in-words.ts';

export interface StepLine {
  event: MetricsEvent;
  totalSteps: number;
  /** Of the rest of the run; null while that is not known. */
  secondsLeft: number | null;
  /** Without gradient norm and learning rate: `12/200  loss 1.2345  1,234 tokens/s  12 min left` */
  isShort: boolean;
}

/** A training step in words: `12/200  loss 1.2345  gradient norm 0.52  rate 2.0e-4  1,234 tokens/s  12 min left` */
export function stepLine({ event, totalSteps, secondsLeft, isShort }: StepLine): string {
  const { loss, gradientNorm, learningRate, tokensPerSecond } = event.values;
  const known = (value: number | undefined, write: (value: number) => string) => (value === undefined ? [] : [write(value)]);
  return [
    `${String(event.step).padStart(String(totalSteps).length)}/${totalSteps}`,
    ...known(loss, (value) => `loss ${value.toFixed(4)}`),
    ...known(isShort ? undefined : gradientNorm, (value) => `gradient norm ${value.toPrecision(3)}`),
    ...known(isShort ? undefined : learningRate, (value) => `rate ${value.toExponential(1)}`),
    ...known(tokensPerSecond, (value) => `${inCount(value)} tokens/s`),
    ...(secondsLeft === null ? [] : [`${inDuration(Math.ceil(secondsLeft))} left`]),
  ].join('  ');
}

const cells = 20;

/** `█████░░░░░` */
export function bar(share: number): string {
  const full = Math.round(cells * Math.min(1, Math.max(0, share)));
  return '█'.repeat(full) + '░'.repeat(cells - full);
}
