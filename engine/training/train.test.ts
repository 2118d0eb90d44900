import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTrainingConfig, type TrainingConfig, type TrainingConfigInput } from '../config.ts';
import { TextModel } from '../generation/text-model.ts';
import { loadModel } from '../models/load.ts';
import { saveModel } from '../models/save.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';
import type { MetricsEvent, TrainingEvent } from './events.ts';

import { train } from './train.ts';

let home: string;
let model: string;
let dataset: string;

beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'anneal-train-'));
  ({ model, data: dataset } = await writeTinyModel(home));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const runFolder = () => mkdtemp(path.join(home, 'run-'));

function configure(changes: TrainingConfigInput = {}): TrainingConfig {
  return parseTrainingConfig({
    model: { base: model },
    data: { path: dataset, maxLength: 64, validationShare: 0.1, ...changes.data },
    method: { rank: 4, ...changes.method },
    optimizer: { learningRate: 1e-2, ...changes.optimizer },
    schedule: { epochs: 3, batchSize: 4, warmupSteps: 2, ...changes.schedule },
    run: { checkpointEvery: 5, evaluateEvery: 9, threads: 1, ...changes.run },
  });
}

async function collect(
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

/** What must not differ from run to run: everything but the clock and the memory. */
const exact = (events: readonly TrainingEvent[]) =>
  events
    .filter((event): event is MetricsEvent => event.type === 'metrics')
    .map(({ step, epoch, tokens, values: { loss, learningRate, gradientNorm, evaluationLoss } }) => ({
      step,
      epoch,
      tokens,
      loss,
      learningRate,
      gradientNorm,
      evaluationLoss,
    }));

describe('train', () => {
  const evaluations = (events: readonly TrainingEvent[]) =>
    events.flatMap((event) => (event.type === 'metrics' && event.values.evaluationLoss !== undefined ? [event.values.evaluationLoss] : []));

  it('learns: the evaluation loss falls, and the model answers what it was taught', async () => {
    const folder = await runFolder();
    const config = configure({ method: { trainable: 'full' }, optimizer: { learningRate: 1e-2 }, schedule: { epochs: 12 } });
    const events = await collect(config, folder);
    expect(events[0]).toMatchObject({ type: 'started', step: 0, totalSteps: 108, trainExamples: 36, validationExamples: 4 });
    expect(events.at(-1)).toMatchObject({ type: 'completed', step: 108 });
    expect(evaluations(events).at(-1)).toBeLessThan((evaluations(events)[0] ?? 0) / 10);
    const tuned = await TextModel.open(path.join(folder, 'artifacts', 'model'), 1);
    const [answer] = await tuned.writeAll(['add 3'], { maxTokens: 60, temperature: 0, topK: 0, topP: 1, seed: 0, stop: [] });
    expect(answer).toBe('function add3(n) {\n  return n + 3;\n}');
  });

  it('adapts: LoRA lowers the loss, leaves the base as it was, and is saved for PEFT', async () => {
    const folder = await runFolder();
    const events = await collect(configure(), folder);
    expect(evaluations(events).at(-1)).toBeLessThan((evaluations(events)[0] ?? 0) * 0.99);
    expect((await readdir(path.join(folder, 'artifacts', 'adapter'))).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    const { base, tuned } = await TextModel.openPair(model, path.join(folder, 'artifacts', 'adapter'), 1);
    const sampled = { maxTokens: 20, temperature: 0, topK: 0, topP: 1, seed: 0, stop: [] };
    const untouched = await TextModel.open(model, 1);
    expect(await base.writeAll(['add 3'], sampled)).toEqual(await untouched.writeAll(['add 3'], sampled));
    expect(await tuned.writeAll(['add 3'], sampled)).not.toEqual(await base.writeAll(['add 3'], sampled));
  });

  it('tells each step once and in order, evaluates and saves when it should', async () => {
    const events = await collect(configure(), await runFolder());
    const steps = events.flatMap((event) => (event.type === 'metrics' && event.values.loss !== undefined ? [event.step] : []));
    expect(steps).toEqual(Array.from({ length: 27 }, (_, index) => index + 1));
    expect(events.flatMap((event) => (event.type === 'metrics' && event.values.evaluationLoss !== undefined ? [event.step] : []))).toEqual([
      0, 9, 18, 27,
    ]);
    expect(events.flatMap((event) => (event.type === 'checkpoint' ? [event.step] : []))).toEqual([5, 10, 15, 20, 25, 27]);
  });

  it('gives the same losses for the same seed and others for another', async () => {
    const first = exact(await collect(configure(), await runFolder()));
    expect(exact(await collect(configure(), await runFolder()))).toEqual(first);
    expect(exact(await collect(configure({ run: { seed: 5 } }), await runFolder()))).not.toEqual(first);
  });

  it.each([['lora'], ['full']] as const)('goes on from a checkpoint with the same losses to the bit (%s)', async (trainable) => {
    const config = configure({
      method: { trainable },
      optimizer: { learningRate: 1e-3, weightDecay: 0.1 },
      schedule: { gradientAccumulation: 2 },
    });
    const whole = exact(await collect(config, await runFolder()));
    const folder = await runFolder();
    const steps = train(config, { folder });
    for await (const event of steps) if (event.type === 'metrics' && event.step === 8) break;
    const rest = await collect(config, folder);
    expect(rest[0]).toMatchObject({ type: 'started', step: 5 });
    expect(rest.find(({ type }) => type === 'checkpoint')).toMatchObject({ step: 5 });
    expect(exact(rest)).toEqual(whole.filter(({ step }) => step > 5));
  });

  it('trains every weight and saves a model folder that can be opened', async () => {
    const folder = await runFolder();
    const events = await collect(configure({ method: { trainable: 'full' }, optimizer: { learningRate: 1e-3 } }), folder);
    expect(events.find((event) => event.type === 'artifact')).toMatchObject({ kind: 'model', path: 'artifacts/model' });
    const [before, after] = [await loadModel(model), await loadModel(path.join(folder, 'artifacts', 'model'))];
    for (const [name, weights] of before.weights) expect(after.weights.get(name), name).not.toEqual(weights);
    await TextModel.open(path.join(folder, 'artifacts', 'model'), 1);
  });

  it('is cancelled between two steps and keeps what it has learned', async () => {
    const folder = await runFolder();
    const controller = new AbortController();
    const events = await collect(configure(), folder, controller.signal, (event) => {
      if (event.type === 'metrics' && event.step === 7) controller.abort('cancel');
    });
    expect(events.slice(-3).map(({ type, step }) => [type, step])).toEqual([
      ['checkpoint', 7],
      ['artifact', 7],
      ['cancelled', 7],
    ]);
  });

  it('is suspended with a checkpoint and goes on from there', async () => {
    const folder = await runFolder();
    const controller = new AbortController();
    const events = await collect(configure(), folder, controller.signal, (event) => {
      if (event.type === 'metrics' && event.step === 7) controller.abort('suspend');
    });
    expect(events.at(-1)).toMatchObject({ type: 'checkpoint', step: 7 });
    const rest = await collect(configure(), folder);
    expect(rest[0]).toMatchObject({ type: 'started', step: 7 });
    expect(exact([...events, ...rest])).toEqual(exact(await collect(configure(), await runFolder())));
  });

  it('stops when the loss is no longer a number, and says what to do', async () => {
    const broken = await loadModel(model);
    for (const [name, weights] of broken.weights) if (name.endsWith('up_proj.weight')) weights.fill(3e38);
    const base = path.join(home, 'overflowing');
    await saveModel(base, broken, 'F32', model);
    const config = configure();
    const message = /The loss is no longer a number at step 1\. Start again with a lower learning rate/;
    await expect(collect({ ...config, model: { base } }, await runFolder())).rejects.toThrow(message);
  });

  it('names target modules that the model does not have', async () => {
    await expect(collect(configure({ method: { targetModules: ['q_proj', 'c_attn'] } }), await runFolder())).rejects.toThrow(
      'method.targetModules: The model has no layer named c_attn.',
    );
  });

  it('does not go on from a checkpoint of another configuration', async () => {
    const folder = await runFolder();
    await collect(configure({ schedule: { maxSteps: 5 } }), folder);
    await expect(collect(configure({ method: { rank: 8 } }), folder)).rejects.toThrow('does not fit the run');
    expect(await readFile(path.join(folder, 'checkpoints', 'step-00000005', 'progress.json'), 'utf8')).toContain('"step"');
  });
});
