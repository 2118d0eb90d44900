import type { TrainingConfig } from '../config.ts';
import { evaluationMetrics } from '../methods/evaluation-metrics.ts';
import { exampleLength } from '../methods/method.ts';
import type { PreparedRun } from './prepare.ts';

/** What the method measures on the validation rows, all together: `evaluationLoss`, `perplexity` where it means something, and the rest. */
export async function evaluate(run: PreparedRun, config: TrainingConfig): Promise<Record<string, number>> {
  const { data, method, padTokenId, trainer } = run;
  const { validation } = data;
  const lengths = validation.map(exampleLength);
  const order = [...validation.keys()].sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0));
  const collated = function* () {
    for (let start = 0; start < order.length; start += config.schedule.batchSize) {
      const examples = order.slice(start, start + config.schedule.batchSize).flatMap((index) => validation[index] ?? []);
      yield method.collate(examples, padTokenId);
    }
  };
  return evaluationMetrics(await trainer.evaluate(collated()));
}

/** Whether `step` ends so many passes over the training set, or one multiple of them. `epochAt` is told in parts of a step exactly. */
export function endsEpochs(every: number, step: number, epochAt: (step: number) => number): boolean {
  if (every <= 0) return false;
  const passed = (at: number) => Math.floor(epochAt(at) / every + 1e-9);
  return passed(step) > passed(step - 1);
}
