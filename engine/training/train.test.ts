import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTrainingConfig, type TrainingConfig, type TrainingConfigInput } from '../config.ts';
import { TextModel } from '../generation/text-model.ts';
import { loadModel } from '../models/load.ts';
import { collect, exact } from '../testing/collect.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';
import type { TrainingEvent } from './events.ts';

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

describe('train', () => {
  const evaluations = (events: readonly TrainingEvent[]) =>
    events.flatMap((event) => (event.type === 'metrics' && event.values.evaluationLoss !== undefined ? [event.values.evaluationLoss] : []));

  it('learns: the evaluation loss falls, and the model answers in the form it was taught', async () => {
    const folder = await runFolder();
    const config = configure({ method: { trainable: 'full' }, schedule: { epochs: 12 } });
    const events = await collect(config, folder);
    expect(events[0]).toMatchObject({ type: 'started', step: 0, totalSteps: 108, trainExamples: 36, validationExamples: 4 });
    expect(events.at(-1)).toMatchObject({ type: 'completed', step: 108 });
    expect(evaluations(events).at(-1)).toBeLessThan((evaluations(events)[0] ?? 0) / 10);
    const tuned = await TextModel.open(path.join(folder, 'artifacts', 'model'), 1);
    const [answer] = await tuned.writeAll(['add 3'], { maxTokens: 60, temperature: 0, topK: 0, topP: 1, seed: 0, stop: [] });
    expect(answer).toMatch(/^function add\d\(n\) \{\n {2}return n \+ \d;\n\}$/);
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
    expect(events.flatMap((event) => (event.type === 'checkpoint' ? [event.step] : []))).toEqual([5, 9, 10, 15, 18, 20, 25, 27]);
  });

  it('gives the same losses for the same seed and others for another', async () => {
    const first = exact(await collect(configure(), await runFolder()));
    expect(exact(await collect(configure(), await runFolder()))).toEqual(first);
    expect(exact(await collect(configure({ run: { seed: 5 } }), await runFolder()))).not.toEqual(first);
  });

  it.each([
    ['lora', 'float32'],
    ['full', 'float32'],
    ['full', 'int8'],
  ] as const)('goes on from a checkpoint with the same losses to the bit (%s, states %s)', async (trainable, states) => {
    const config = configure({
      method: { trainable },
      optimizer: { learningRate: 1e-3, weightDecay: 0.1, states },
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

  it('names target modules that the model does not have', async () => {
    await expect(collect(configure({ method: { targetModules: ['q_proj', 'c_attn'] } }), await runFolder())).rejects.toThrow(
      'method.targetModules: The model has no layer named c_attn.',
    );
  });

  it('does not go on from a checkpoint of another configuration', async () => {
    const folder = await runFolder();
    await collect(configure({ schedule: { maxSteps: 5 } }), folder);
    const other = configure({ method: { rank: 8 }, run: { seed: 3 } });
    await expect(collect(other, folder)).rejects.toMatchObject({
      code: 'CHECKPOINT_MISMATCH',
      message: expect.stringContaining('another configuration: method.rank was 4 and is 8; run.seed was 0 and is 3. Set it back'),
      issues: [{ path: 'method.rank' }, { path: 'run.seed' }],
    });
    expect(await readFile(path.join(folder, 'checkpoints', 'step-00000005', 'progress.json'), 'utf8')).toContain('"step"');
  });

  it('goes on with more steps, and says what else was changed', async () => {
    const folder = await runFolder();
    await collect(configure({ schedule: { maxSteps: 5 } }), folder);
    const longer = configure({
      schedule: { maxSteps: 8 },
      run: { evaluateEvery: 2, keepCheckpoints: 3 },
      optimizer: { learningRate: 1e-3 },
    });
    const events = await collect(longer, folder);
    expect(events.at(-1)).toMatchObject({ type: 'completed', step: 8 });
    expect(events.flatMap((event) => (event.type === 'log' && event.level === 'warn' ? [event.message] : []))).toEqual([
      'The configuration was changed since step 5: optimizer.learningRate was 0.01 and is 0.001; schedule.maxSteps was 5 and is 8.',
    ]);
  });
});
