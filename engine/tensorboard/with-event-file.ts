import path from 'node:path';
import type { MetricsEvent, TrainingEvent } from '../training/events.ts';
import { EventFile } from './event-file.ts';
import { tagOf } from './tags.ts';

/** Passes the events of a run on and writes its metrics into `tensorboard/` in its folder. When that fails training goes on. */
export async function* withEventFile(folder: string, events: AsyncIterable<TrainingEvent>): AsyncGenerator<TrainingEvent> {
  let file: EventFile | undefined;
  let hasFailed = false;
  try {
    for await (const event of events) {
      yield event;
      if (hasFailed) continue;
      try {
        if (event.type === 'started') file ??= EventFile.open(path.join(folder, 'tensorboard'), event.step);
        if (event.type === 'metrics') file?.write({ wallTime: Date.now() / 1000, step: event.step, scalars: scalarsOf(event) });
      } catch (error) {
        hasFailed = true;
        const reason = error instanceof Error ? error.message : String(error);
        const message = `The TensorBoard file cannot be written and is left as it is: ${reason}. Training goes on.`;
        yield { type: 'log', step: event.step, level: 'warn', message };
      }
    }
  } finally {
    file?.close();
  }
}

const scalarsOf = ({ values, epoch }: MetricsEvent): Record<string, number> => ({
  ...Object.fromEntries(Object.entries(values).map(([metric, value]) => [tagOf(metric), value])),
  ...(values.loss !== undefined && { 'train/epoch': epoch }),
});
