import { availableParallelism } from 'node:os';
import { describeAdapter } from '../adapters/describe-adapter.ts';
import type { TrainingConfig } from '../config.ts';
import { countParameters } from '../models/load.ts';
import type { StartedEvent } from './events.ts';
import type { PreparedRun } from './prepare.ts';

/** What a run begins with. */
export function startedEvent(run: PreparedRun, config: TrainingConfig, step: number, totalSteps: number): StartedEvent {
  return {
    type: 'started',
    step,
    totalSteps,
    device: run.runtime.device,
    runtime: run.runtime.runtime.name,
    library: run.runtime.runtime.library,
    threads: config.run.threads || availableParallelism(),
    parameters: countParameters(run.model.family.parameters(run.model.config).values()),
    trainableParameters: countParameters(run.trainable.map(({ shape }) => shape)),
    trainExamples: run.data.trainExamples,
    validationExamples: run.data.validation.length,
  };
}

/** What is about to happen, in words. */
export function introduction(run: PreparedRun, config: TrainingConfig, totalSteps: number): string[] {
  const count = (n: number) => n.toLocaleString('en-US');
  const { batchSize, gradientAccumulation } = config.schedule;
  const what = run.adapterConfig ? describeAdapter(run.adapterConfig, run.trainable) : 'every weight';
  const { data } = run;
  const sequences = gradientAccumulation > 1 ? `${gradientAccumulation} × ${batchSize}` : String(batchSize);
  const batches = data.format === 'tokens' ? 'as the dataset has them' : `of ${sequences} ${data.packed ? 'packed rows' : 'sequences'}`;
  return [
    `Model ${run.modelFolder}: ${run.model.config.layers} layers. The method ${config.method.type} trains ${what}.`,
    `${count(data.trainExamples)} ${data.format === 'tokens' ? 'steps' : data.streamed ? 'rows, read from disk,' : 'examples'} to train on, ${count(data.validation.length)} held out. ${count(totalSteps)} steps ${batches}.`,
    ...(run.runtime.note ? [run.runtime.note] : []),
  ];
}
