import type { TrainingConfig } from '../config.ts';
import type { MetricsEvent, TrainingEvent } from '../training/events.ts';
import { train } from '../training/train.ts';

/** Trains to the end and gives everything that was told. @param look is shown each event when it comes. */
export async function collect(
  config: TrainingConfig,
  folder: string,
  signal?: AbortSignal,
  look?: (event: TrainingEvent) => void,
): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of train(config, { folder, signal })) {
    events.push(event);
    look?.(event);
  }
  return events;
}

/** Trains until an event, and is then gone without a word, as a process that is killed. Gives what was told until then. */
export async function collectUntil(
  config: TrainingConfig,
  folder: string,
  isLast: (event: TrainingEvent) => boolean,
): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of train(config, { folder })) {
    events.push(event);
    if (isLast(event)) break;
  }
  return events;
}

export const metricsOf = (events: readonly TrainingEvent[]): MetricsEvent[] =>
  events.filter((event): event is MetricsEvent => event.type === 'metrics');

/** What must not differ from run to run: everything but the clock and the memory. */
export const exact = (events: readonly TrainingEvent[]) =>
  metricsOf(events).map(({ step, epoch, tokens, values: { loss, learningRate, gradientNorm, evaluationLoss } }) => ({
    step,
    epoch,
    tokens,
    loss,
    learningRate,
    gradientNorm,
    evaluationLoss,
  }));
