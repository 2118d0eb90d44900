import fs from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTrainingConfig, type TrainingConfig, type TrainingConfigInput } from '../config.ts';
import { stepOf } from '../tensorboard/event.ts';
import { readRecords } from '../tensorboard/records.ts';
import { collect, collectUntil, exact, metricsOf } from '../testing/collect.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { latestCheckpoint } from './checkpoint.ts';
import type { TrainingEvent } from './events.ts';

let home: string;
let places: { model: string; data: string };
beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'anneal-running-'));
  places = await writeTinyModel(home);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const runFolder = () => mkdtemp(path.join(home, 'run-'));

/** 27 steps, 9 an epoch. */
function configure(changes: TrainingConfigInput = {}): TrainingConfig {
  return parseTrainingConfig({
    model: { base: places.model },
    data: { path: places.data, maxLength: 64, validationShare: 0.1 },
    method: { rank: 4, ...changes.method },
    optimizer: { learningRate: 1e-2, ...changes.optimizer },
    schedule: { epochs: 3, batchSize: 4, ...changes.schedule },
    run: { checkpointEvery: 5, evaluateEvery: 9, threads: 1, ...changes.run },
    guard: changes.guard,
  });
}

const evaluationsOf = (events: readonly TrainingEvent[]) =>
  metricsOf(events).flatMap(({ step, values }) => (values.evaluationLoss === undefined ? [] : [{ step, loss: values.evaluationLoss }]));
const stepsOf = (events: readonly TrainingEvent[], type: TrainingEvent['type']) =>
  events.flatMap((event) => (event.type === type ? [event.step] : []));
const messages = (events: readonly TrainingEvent[]) => events.flatMap((event) => (event.type === 'log' ? [event.message] : []));

it('measures each step', async () => {
  const events = await collect(configure({ schedule: { maxSteps: 2 } }), await runFolder());
  const step = metricsOf(events).filter(({ values }) => values.loss !== undefined);
  for (const { epoch, tokens, values } of step) {
    expect(Object.keys(values)).toEqual([
      'loss',
      'learningRate',
      'gradientNorm',
      'tokensPerSecond',
      'targetTokensPerSecond',
      'stepSeconds',
      'residentMemory',
      'processRank',
    ]);
    expect(values.processRank).toBe(0);
    expect(values.tokensPerSecond).toBeGreaterThan(values.targetTokensPerSecond ?? NaN);
    expect(values.residentMemory).toBeGreaterThan(1e6);
    expect(epoch).toBeGreaterThan(0);
    expect(tokens).toBeGreaterThan(0);
  }
});

describe('evaluation', () => {
  it.each<[TrainingConfigInput['run'], number[]]>([
    [{ evaluateEvery: 10 }, [0, 10, 20, 27]],
    [{ evaluateEvery: 0 }, [0, 27]],
    [{ evaluateEvery: 0, evaluateEveryEpochs: 1 }, [0, 9, 18, 27]],
    [{ evaluateEvery: 0, evaluateEveryEpochs: 0.5 }, [0, 5, 9, 14, 18, 23, 27]],
    [{ evaluateEvery: 20, evaluateEveryEpochs: 2 }, [0, 18, 20, 27]],
  ])('is due as %o says', async (run, steps) => {
    expect(evaluationsOf(await collect(configure({ run }), await runFolder())).map(({ step }) => step)).toEqual(steps);
  });
});

describe('early stopping', () => {
  /** No improvement is ever large enough: the first evaluation is the best for good. */
  const impatient = () => configure({ run: { evaluateEvery: 3, earlyStoppingPatience: 2, earlyStoppingMinDelta: 50 } });

  it('ends the run after so many evaluations without an improvement', async () => {
    const events = await collect(impatient(), await runFolder());
    expect(evaluationsOf(events).map(({ step }) => step)).toEqual([0, 3, 6, 9]);
    expect(stepsOf(events, 'checkpoint').at(-1)).toBe(9);
    expect(events.at(-1)).toMatchObject({ type: 'completed', step: 9 });
    expect(messages(events)).toContainEqual(
      expect.stringMatching(/^Stopped early: the evaluation loss did not fall in 2 evaluations\. It was lowest after step 9/),
    );
  });

  it('counts on after an interruption, and stays stopped', async () => {
    const folder = await runFolder();
    await collectUntil(impatient(), folder, (event) => event.type === 'checkpoint' && event.step === 6);
    const events = await collect(impatient(), folder);
    expect(evaluationsOf(events).map(({ step }) => step)).toEqual([9]);
    const again = await collect(impatient(), folder);
    expect(metricsOf(again)).toEqual([]);
    expect(again.at(-1)).toMatchObject({ type: 'completed', step: 9 });
  });

  it('lets a run go on that gets better', async () => {
    const events = await collect(configure({ run: { evaluateEvery: 3, earlyStoppingPatience: 2 } }), await runFolder());
    expect(events.at(-1)).toMatchObject({ type: 'completed', step: 27 });
  });
});

it('learns as well with optimizer states in bytes', async () => {
  const final = async (states: 'float32' | 'int8') => {
    const config = configure({ method: { trainable: 'full' }, optimizer: { states }, schedule: { epochs: 6 }, run: { evaluateEvery: 0 } });
    return evaluationsOf(await collect(config, await runFolder())).at(-1)?.loss ?? NaN;
  };
  const [exact, quantised] = [await final('float32'), await final('int8')];
  expect(exact).toBeLessThan(1);
  expect(Math.abs(quantised / exact - 1)).toBeLessThan(0.05);
  expect(quantised).not.toBe(exact);
});

describe('the best weights', () => {
  /** Learns well at first; later the learning rate is too high. */
  const worsening = (run: TrainingConfigInput['run']) =>
    configure({
      method: { trainable: 'full' },
      optimizer: { learningRate: 1, maxGradientNorm: 0 },
      schedule: { warmupSteps: 27, type: 'constant' },
      run: { evaluateEvery: 3, checkpointEvery: 4, keepCheckpoints: 1, ...run },
      guard: { enabled: false },
    });
  const best = (events: readonly TrainingEvent[]) =>
    evaluationsOf(events)
      .filter(({ step }) => step > 0)
      .reduce((a, b) => (b.loss < a.loss ? b : a));
  const artifact = async (folder: string) => (await readSafetensors(path.join(folder, 'artifacts', 'model', 'model.safetensors'))).tensors;

  it('are kept, and are what the run produces', async () => {
    const folder = await runFolder();
    const events = await collect(worsening({}), folder);
    const { step, loss } = best(events);
    expect(step).toBeLessThan(27);
    const name = (step: number) => `step-${String(step).padStart(8, '0')}`;
    expect(await readdir(path.join(folder, 'checkpoints'))).toEqual([name(step), name(27)]);
    expect(events.find(({ type }) => type === 'artifact')).toMatchObject({ step: 27, weightsStep: step });
    expect(messages(events).at(-1)).toBe(
      `What is saved has the weights of step ${step}, whose evaluation loss was lowest: ${loss.toFixed(4)}.`,
    );
    const { checkpoint } = await latestCheckpoint(folder, step);
    for (const [name, { data }] of await artifact(folder)) expect(checkpoint?.tensors.get(name)?.data, name).toEqual(data);
  });

  it.each([[{ loadBest: false }], [{ keepBest: false }]])('are left aside with %o', async (run) => {
    const folder = await runFolder();
    const events = await collect(worsening(run), folder);
    expect(events.find(({ type }) => type === 'artifact')).not.toHaveProperty('weightsStep', expect.anything());
    const { checkpoint } = await latestCheckpoint(folder);
    expect(checkpoint?.step).toBe(27);
    for (const [name, { data }] of await artifact(folder)) expect(checkpoint?.tensors.get(name)?.data, name).toEqual(data);
  });

  it('are found again by a resumed run', async () => {
    const whole = await runFolder();
    const events = await collect(worsening({}), whole);
    const folder = await runFolder();
    await collectUntil(worsening({}), folder, (event) => event.type === 'checkpoint' && event.step === 24);
    await collect(worsening({}), folder);
    expect(best(events).step).toBeLessThan(24);
    expect(await artifact(folder)).toEqual(await artifact(whole));
  });

  it('are replaced by the last ones when their checkpoint is gone, and that is said', async () => {
    const folder = await runFolder();
    const events: TrainingEvent[] = [];
    const before = await collectUntil(worsening({}), folder, (event) => event.type === 'checkpoint' && event.step === 24);
    const gone = `step-${String(best(before).step).padStart(8, '0')}`;
    fs.rmSync(path.join(folder, 'checkpoints', gone), { recursive: true });
    events.push(...(await collect(worsening({}), folder)));
    expect(messages(events).at(-1)).toMatch(/^The checkpoint of step \d+, the best, is gone\./);
  });
});

it('pauses with a checkpoint and goes on from there', async () => {
  const folder = await runFolder();
  const controller = new AbortController();
  const events = await collect(configure(), folder, controller.signal, (event) => {
    if (event.type === 'metrics' && event.step === 7) controller.abort('pause');
  });
  expect(events.slice(-2).map(({ type, step }) => [type, step])).toEqual([
    ['checkpoint', 7],
    ['paused', 7],
  ]);
  const rest = await collect(configure(), folder);
  expect(rest[0]).toMatchObject({ type: 'started', step: 7 });
  expect(exact([...events, ...rest])).toEqual(exact(await collect(configure(), await runFolder())));
});

it('pauses before the first step too', async () => {
  const folder = await runFolder();
  const events = await collect(configure(), folder, AbortSignal.abort('pause'));
  expect(events.at(-1)).toEqual({ type: 'paused', step: 0 });
  expect(fs.existsSync(path.join(folder, 'checkpoints'))).toBe(false);
  expect((await collect(configure(), folder)).at(-1)).toMatchObject({ type: 'completed', step: 27 });
});

describe('a run that is cancelled while it is not at work', () => {
  const cancelled = (folder: string, changes: TrainingConfigInput = {}) => collect(configure(changes), folder, AbortSignal.abort('cancel'));

  it('leaves what it had learned by its newest checkpoint, and the dataset is not looked at', async () => {
    const [paused, stopped] = [await runFolder(), await runFolder()];
    for (const [folder, wish] of [[paused, 'pause'] as const, [stopped, 'cancel'] as const]) {
      const controller = new AbortController();
      await collect(configure(), folder, controller.signal, (event) => {
        if (event.type === 'metrics' && event.step === 7) controller.abort(wish);
      });
    }
    const aside = `${places.data}.aside`;
    fs.renameSync(places.data, aside);
    try {
      const events = await cancelled(paused);
      expect(events.map(({ type, step }) => [type, step])).toEqual([
        ['artifact', 7],
        ['cancelled', 7],
      ]);
    } finally {
      fs.renameSync(aside, places.data);
    }
    for (const name of ['adapter_config.json', 'adapter_model.safetensors']) {
      const read = (folder: string) => fs.readFileSync(path.join(folder, 'artifacts/adapter', name));
      expect(read(paused)).toEqual(read(stopped));
    }
  });

  it('leaves nothing where it had learned nothing', async () => {
    const folder = await runFolder();
    expect(await cancelled(folder)).toEqual([{ type: 'cancelled', step: 0 }]);
    expect(fs.existsSync(path.join(folder, 'artifacts'))).toBe(false);
  });

  it('ends all the same where that cannot be saved', async () => {
    const folder = await runFolder();
    await collect(configure({ schedule: { maxSteps: 5 } }), folder);
    fs.rmSync(path.join(folder, 'artifacts'), { recursive: true });
    const events = await cancelled(folder, { method: { rank: 8 } });
    expect(events.at(-1)).toEqual({ type: 'cancelled', step: 5 });
    expect(messages(events)).toEqual([expect.stringMatching(/^What the run has learned by step 5 cannot be saved: .*method\.rank was 4/)]);
  });
});

describe('the TensorBoard file', () => {
  function stepsIn(folder: string): (number | null)[] {
    const [name = ''] = fs.readdirSync(path.join(folder, 'tensorboard'));
    const descriptor = fs.openSync(path.join(folder, 'tensorboard', name), 'r');
    try {
      return [...readRecords(descriptor)].map(({ data }) => stepOf(data));
    } finally {
      fs.closeSync(descriptor);
    }
  }

  it('has each event once, also after an interruption', async () => {
    const folder = await runFolder();
    await collectUntil(configure(), folder, (event) => event.type === 'metrics' && event.step === 13);
    const events = await collect(configure(), folder);
    expect(stepsIn(folder)).toEqual([null, ...metricsOf(await collect(configure(), await runFolder())).map(({ step }) => step)]);
    expect(metricsOf(events)[0]?.step).toBe(11);
  });

  it('can be switched off', async () => {
    const folder = await runFolder();
    await collect(configure({ schedule: { maxSteps: 1 }, run: { tensorBoard: false } }), folder);
    expect(await readdir(folder)).not.toContain('tensorboard');
  });
});
