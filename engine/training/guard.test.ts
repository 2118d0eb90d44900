import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTrainingConfig, type TrainingConfig, type TrainingConfigInput } from '../config.ts';
import { loadModel } from '../models/load.ts';
import { saveModel } from '../models/save.ts';
import { learningRateAt } from '../optimizer/schedule.ts';
import { collect, collectUntil, exact, metricsOf } from '../testing/collect.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';
import type { RollbackEvent, TrainingEvent } from './events.ts';
import { train } from './train.ts';

let home: string;
let places: { model: string; data: string };
beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'anneal-guard-'));
  places = await writeTinyModel(home);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const runFolder = () => mkdtemp(path.join(home, 'run-'));

/** A learning rate that rises until it tears the weights apart. */
function diverging(changes: TrainingConfigInput = {}): TrainingConfig {
  return parseTrainingConfig({
    model: { base: places.model },
    data: { path: places.data, maxLength: 64, validationShare: 0.1 },
    method: { trainable: 'full' },
    optimizer: { learningRate: 1, maxGradientNorm: 0 },
    schedule: { epochs: 8, batchSize: 4, warmupSteps: 20 },
    run: { checkpointEvery: 5, evaluateEvery: 0, threads: 1, ...changes.run },
    guard: { rateFactor: 0.01, spikeFactor: 1.2, ...changes.guard },
  });
}

const rollbacksOf = (events: readonly TrainingEvent[]) => events.filter((event): event is RollbackEvent => event.type === 'rollback');
const lossesOf = (events: readonly TrainingEvent[]) =>
  metricsOf(events).flatMap(({ step, values }) => (values.loss === undefined ? [] : [{ step, loss: values.loss }]));
const warningsOf = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (event.type === 'log' && event.level === 'warn' ? [event.message] : []));

describe('a run that diverges', () => {
  it('goes back to its last good checkpoint, and on from there at a lower rate', async () => {
    const folder = await runFolder();
    const config = diverging();
    const events = await collect(config, folder);
    const rollbacks = rollbacksOf(events);
    expect(rollbacks).toHaveLength(1);
    const [{ step, toStep, rateFactor, totalSteps }] = rollbacks as [RollbackEvent];
    expect(toStep).toBeGreaterThan(0);
    expect(toStep % 5).toBe(0);
    expect(rateFactor).toBe(0.01);

    // Every step is told once and in order; the lost updates are made up for.
    const losses = lossesOf(events);
    expect(totalSteps).toBe(72 + step - toStep);
    expect(losses.map(({ step }) => step)).toEqual(Array.from({ length: totalSteps }, (_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'completed', step: totalSteps });

    // The weights are those of the checkpoint again, the place in the schedule too.
    const at = (wanted: number) => losses.find(({ step }) => step === wanted)?.loss ?? NaN;
    expect(at(step)).toBeGreaterThan(at(toStep) + 2);
    expect(Math.abs(at(step + 1) - at(toStep))).toBeLessThan(1);
    const rates = metricsOf(events).find((event) => event.step === step + 1)?.values.learningRate;
    expect(rates).toBe(0.01 * learningRateAt(toStep + 1, 72, 1, config.schedule));

    expect(warningsOf(events)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^The loss exploded at step ${step}: .* Training went back to the weights of step ${toStep} and goes on with step ${step + 1}, at 0.01 of the planned learning rate.$`,
        ),
      ),
    ]);
  });

  it('gives up the checkpoints of the course that it left', async () => {
    const folder = await runFolder();
    const config = diverging();
    const events = await collectUntil(config, folder, ({ type }) => type === 'rollback');
    const toStep = rollbacksOf(events)[0]?.toStep ?? NaN;
    const later = events.filter((event) => event.type === 'checkpoint' && event.step > toStep);
    expect(later.length).toBeGreaterThan(1);
    expect((await readdir(path.join(folder, 'checkpoints'))).at(-1)).toBe(`step-${String(toStep).padStart(8, '0')}`);
  });

  it('tells the same when it is killed on the way, wherever that is', async () => {
    const config = diverging();
    const whole = await collect(config, await runFolder());
    const { step = NaN, toStep = NaN } = rollbacksOf(whole)[0] ?? {};
    const folder = await runFolder();
    const told = new Map<string, unknown>();
    const tell = (events: readonly TrainingEvent[]) => {
      for (const line of exact(events)) {
        const key = `${line.step} ${line.loss === undefined ? 'evaluation' : 'loss'}`;
        // Computed again, it is the same to the bit.
        if (told.has(key)) expect(line).toEqual(told.get(key));
        told.set(key, line);
      }
    };
    for (const kill of [toStep + 2, step - 4, step - 1, step, step + 1, step + 3, step + 9])
      tell(await collectUntil(config, folder, (event) => event.type === 'metrics' && event.step === kill));
    const rest = await collect(config, folder);
    tell(rest);
    expect([...told.values()]).toEqual(exact(whole));
    expect(rest.at(-1)).toMatchObject({ type: 'completed', step: whole.at(-1)?.step });
  });

  it('begins again when there is no good checkpoint yet', async () => {
    const folder = await runFolder();
    const events = await collect(diverging({ run: { checkpointEvery: 0 } }), folder);
    const rollbacks = rollbacksOf(events);
    expect(rollbacks).toMatchObject([{ toStep: 0 }]);
    const losses = lossesOf(events);
    const again = losses.find(({ step }) => step === (rollbacks[0]?.step ?? NaN) + 1)?.loss ?? NaN;
    expect(Math.abs(again - (losses[0]?.loss ?? NaN))).toBeLessThan(0.5);
    expect(losses.map(({ step }) => step)).toEqual(losses.map((_, index) => index + 1));
    expect(losses).toHaveLength(72 + (rollbacks[0]?.step ?? NaN));
  });

  it('goes through with it when the guard is off', async () => {
    const events = await collect(diverging({ guard: { enabled: false } }), await runFolder());
    expect(rollbacksOf(events)).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'completed', step: 72 });
  });
});

describe('a loss that is no number', () => {
  let base: string;
  beforeAll(async () => {
    const broken = await loadModel(places.model);
    for (const [name, weights] of broken.weights) if (name.endsWith('up_proj.weight')) weights.fill(3e38);
    base = path.join(home, 'overflowing');
    await saveModel(base, broken, 'F32', places.model);
  });

  async function untilError(config: TrainingConfig): Promise<{ events: TrainingEvent[]; error: unknown }> {
    const events: TrainingEvent[] = [];
    try {
      for await (const event of train({ ...config, model: { ...config.model, base } }, { folder: await runFolder() })) events.push(event);
    } catch (error) {
      return { events, error };
    }
    throw new Error('the run came to its end');
  }

  it('is given up after so many roll-backs, with what to do', async () => {
    const { events, error } = await untilError(diverging({ guard: { maxRollbacks: 2 } }));
    expect(error).toMatchObject({
      code: 'DIVERGED',
      message: expect.stringMatching(
        /^The loss is no longer a number at step 3\. Going back 2 times to a lower learning rate did not help\. Start again with a lower learning rate \(now 1\)/,
      ),
    });
    expect(rollbacksOf(events).map(({ step, toStep, rateFactor }) => [step, toStep, rateFactor])).toEqual([
      [1, 0, 0.01],
      [2, 0, 0.0001],
    ]);
  });

  it('ends the run at once when the guard is off', async () => {
    const { error } = await untilError(diverging({ guard: { enabled: false } }));
    expect(error).toMatchObject({
      code: 'DIVERGED',
      message: expect.stringMatching(/^The loss is no longer a number at step 1\. Start again/),
    });
  });
});
