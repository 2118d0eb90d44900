import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTrainingConfig, type TrainingConfigInput } from '../config.ts';
import { tinyConfig, writeTinyModel } from '../testing/index.ts';
import type { TrainingEvent } from '../training/events.ts';
import { train } from '../training/train.ts';
import { type RuntimeName, runtimeNames } from './runtime.ts';

let folder: string;
let places: { model: string; data: string };
beforeAll(async () => {
  folder = await fs.mkdtemp(path.join(tmpdir(), 'anneal-runtimes-'));
  places = await writeTinyModel(folder);
});
afterAll(() => fs.rm(folder, { recursive: true, force: true }));

/** Trains for five steps. @param stopAfter suspends the run after this step. */
async function follow(runtime: RuntimeName, changes: TrainingConfigInput, target: string, stopAfter = Infinity): Promise<TrainingEvent[]> {
  const base = tinyConfig(places, 5);
  const run = { ...base.run, evaluateEvery: 3, checkpointEvery: 4, device: 'cpu' as const, runtime };
  const config = parseTrainingConfig({ ...base, ...changes, run });
  const events: TrainingEvent[] = [];
  const control = new AbortController();
  for await (const event of train(config, { folder: target, signal: control.signal })) {
    events.push(event);
    if (event.type === 'metrics' && event.step >= stopAfter) control.abort('suspend');
  }
  return events;
}

const newRun = () => fs.mkdtemp(path.join(folder, 'run-'));

/** Every measured value that is no matter of speed, one after the other. */
const measured = (events: readonly TrainingEvent[]): [string, number][] =>
  events.flatMap((event) =>
    event.type === 'metrics'
      ? ['loss', 'gradientNorm', 'evaluationLoss'].flatMap((key): [string, number][] => {
          const value = event.values[key];
          return value === undefined ? [] : [[`${key} of step ${event.step}`, value]];
        })
      : [],
  );

/** Each step begins where the last one ended, so the differences of single precision grow. */
function expectSameCourse(expected: readonly TrainingEvent[], found: readonly TrainingEvent[]): void {
  const values = new Map(measured(found));
  expect([...values.keys()]).toEqual(measured(expected).map(([key]) => key));
  for (const [key, value] of measured(expected)) expect(Math.abs((values.get(key) ?? NaN) / value - 1), key).toBeLessThan(1e-3);
}

const pairs = Array.from({ length: 20 }, (_, index) => ({
  prompt: `add ${index % 7}`,
  chosen: `return n + ${index % 7};`,
  rejected: `return n - ${index % 5};`,
}));

const trainings: [string, () => Promise<TrainingConfigInput>][] = [
  ['LoRA', () => Promise.resolve({})],
  [
    'all weights, with accumulation',
    () =>
      Promise.resolve({
        method: { trainable: 'full' },
        schedule: { epochs: 1000, maxSteps: 5, batchSize: 2, gradientAccumulation: 2 },
      }),
  ],
  [
    'preferences, beside a reference model',
    async () => {
      const data = path.join(folder, 'pairs.jsonl');
      await fs.writeFile(data, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
      return { data: { path: data, maxLength: 64 }, method: { type: 'dpo', rank: 2 } };
    },
  ],
];

const others = runtimeNames.filter((name) => name !== 'onnx');

describe.each(others)('a training by %s', (name) => {
  it.each(trainings)('of %s goes the same way as by ONNX Runtime', async (_, changes) => {
    const config = await changes();
    const expected = await follow('onnx', config, await newRun());
    const found = await follow(name, config, await newRun());
    expect(measured(found).length).toBeGreaterThanOrEqual(10);
    expectSameCourse(expected, found);
    expect(expected[0]).toMatchObject({ type: 'started', runtime: 'onnx', library: expect.stringMatching(/^onnxruntime-node \d/) });
    expect(found[0]).toMatchObject({ type: 'started', device: 'cpu', runtime: name, library: expect.stringMatching(/ \d+\.\d+\.\d+$/) });
    expect(found.at(-1)).toMatchObject({ type: 'completed', step: 5 });
  });

  it('goes on from a checkpoint of ONNX Runtime', async () => {
    const whole = await follow('onnx', {}, await newRun());
    const target = await newRun();
    await follow('onnx', {}, target, 2);
    const rest = await follow(name, {}, target);
    expect(rest[0]).toMatchObject({ type: 'started', step: 2, runtime: name });
    expectSameCourse(
      whole.filter(({ step }) => step > 2),
      rest,
    );
  });
});
