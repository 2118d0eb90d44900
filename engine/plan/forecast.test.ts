import { describe, expect, it } from 'vitest';
import { parseTrainingConfig } from '../config.ts';
import { forecast } from './forecast.ts';
import type { Measurement } from './measurement.ts';
import { runTime } from './run-time.ts';
import type { StepMemory } from './step-memory.ts';

const mb = 1e6;
const step = (layers: number, changes: Partial<StepMemory> = {}): StepMemory => ({
  activations: (100 + 20 * layers) * mb,
  logits: 40 * mb,
  constants: 1 * mb,
  nodes: 50 + 100 * layers,
  operations: (10 + 5 * layers) * 1e9,
  ...changes,
});

/** What a slice of a model would be measured as whose every layer takes a tenth of a second and 71 MB. */
function sliceOf(layers: number, changes: Partial<Measurement> = {}): Measurement {
  const [frozen, trained, optimizer] = [(200 + 40 * layers) * mb, 2 * layers * mb, 6 * layers * mb];
  const ran = step(layers);
  return {
    layers,
    device: 'cpu',
    startMemory: 140 * mb,
    peakMemory: frozen + trained + optimizer + ran.activations + (150 + 3 * layers) * mb,
    ...{ frozen, trained, optimizer, checkpoint: 3 * trained, trainableParameters: 500_000 * layers },
    ...{ kept: 0, leftOut: 0, rate: null, hasReference: false },
    shapes: [
      {
        shape: { batch: 4, length: 128, packed: false, targets: 512 },
        count: 10,
        seconds: 0.2 + 0.1 * layers,
        firstSeconds: 0.5 + 0.1 * layers,
        referenceSeconds: 0,
      },
    ],
    ...{ ran, configured: ran, smaller: [] },
    ...{ optimizerSeconds: 0, evaluationSeconds: 0.05 + 0.03 * layers },
    ...{ stepsPerEpoch: 10, trainExamples: 40, validationExamples: 8 },
    ...changes,
  };
}

const sample = { rows: 48, totalRows: 48, isWhole: true, bytes: 10_000 };

describe('what the whole model takes', () => {
  it('follows from two slices', () => {
    const known = forecast({ sample, few: sliceOf(1), more: sliceOf(3) }, 30, 1);
    expect(known.memory.weights / mb).toBeCloseTo(1400);
    expect(known.memory.trained / mb).toBeCloseTo(60);
    expect(known.memory.optimizer / mb).toBeCloseTo(180);
    expect((known.memory.activations + known.memory.logits) / mb).toBeCloseTo(700);
    expect(known.memory.logits / mb).toBeCloseTo(40);
    expect(known.memory.runtime / mb).toBeCloseTo(240);
    expect(known.peakMemory / mb).toBeCloseTo(2580);
    expect(known.secondsPerStep).toBeCloseTo(3.2);
    expect(known.secondsPerEvaluation).toBeCloseTo(0.95);
    expect(known.compileSeconds).toBeCloseTo((0.3 * 3.2) / 0.5);
    expect(known.trainableParameters).toBeCloseTo(15e6);
    expect(known.isMeasured).toBe(true);
  });

  it('is what was measured where the slice is the whole model', () => {
    const known = forecast({ sample, few: sliceOf(6), more: null }, 6, 1);
    expect(known.peakMemory).toBeCloseTo(sliceOf(6).peakMemory);
    expect(known.secondsPerStep).toBeCloseTo(0.8);
  });

  it('adds up the micro-batches of a step, and the optimizer once', () => {
    const known = forecast({ sample, few: sliceOf(6, { optimizerSeconds: 0.1 }), more: null }, 6, 4);
    expect(known.secondsPerStep).toBeCloseTo(4 * 0.8 + 0.1);
  });

  it('weighs shapes by how often they come, and those that were not timed by their positions', () => {
    const shape = (length: number) => ({ batch: 4, length, packed: false, targets: length });
    const shapes = [
      { shape: shape(100), count: 3, seconds: 1, firstSeconds: 2, referenceSeconds: 0.25 },
      { shape: shape(200), count: 1, seconds: 2, firstSeconds: 3, referenceSeconds: 0.5 },
      { shape: shape(400), count: 1, seconds: null, firstSeconds: null, referenceSeconds: null },
    ];
    const known = forecast({ sample, few: sliceOf(6, { shapes }), more: null }, 6, 1);
    // Three of one second, one of two, and one that is twice as long again.
    expect(known.secondsPerStep).toBeCloseTo(9 / 5);
    expect(known.secondsPerReference).toBeCloseTo(9 / 5 / 4);
    expect(known.compileSeconds).toBeCloseTo(3);
  });

  it('grows with the batch where fewer sequences were run', () => {
    const configured = step(6, { activations: 880 * mb, operations: 160e9 });
    const [small, large] = [sliceOf(6), sliceOf(6, { configured })].map((few) => forecast({ sample, few, more: null }, 6, 1));
    expect((large?.peakMemory ?? 0) - (small?.peakMemory ?? 0)).toBeCloseTo(660 * mb);
    expect(large?.secondsPerStep).toBeCloseTo(4 * (small?.secondsPerStep ?? 0));
  });

  it('counts what graphs keep that there was no time to run', () => {
    // The slice with one layer ran all shapes, that with three left out some, and had less in memory for it.
    const missing = 200 * mb;
    const less = sliceOf(3, { kept: 1.5, leftOut: missing, peakMemory: sliceOf(3).peakMemory - 1.5 * missing });
    expect(forecast({ sample, few: sliceOf(1), more: less }, 30, 1).peakMemory / mb).toBeCloseTo(2580);
  });

  it('says what a changed setting would bring', () => {
    const smaller = (layers: number) => [
      { setting: 'schedule.batchSize', value: '1', needs: step(layers, { activations: (30 + 5 * layers) * mb }) },
    ];
    const known = forecast({ sample, few: sliceOf(1, { smaller: smaller(1) }), more: sliceOf(3, { smaller: smaller(3) }) }, 30, 1);
    expect(known.smaller).toHaveLength(1);
    expect((known.smaller[0]?.peakMemory ?? 0) / mb).toBeCloseTo(2580 - 700 + 180);
  });

  it('does not believe a layer that takes no time at all, or a time out of proportion', () => {
    const slow = sliceOf(1, { shapes: sliceOf(8).shapes });
    const known = forecast({ sample, few: slow, more: sliceOf(3) }, 30, 1);
    // The graph has 160 / 25 times the operations of the slice with three layers.
    expect(known.secondsPerStep).toBeGreaterThan((0.5 * 160) / 25 / 2);
    expect(known.secondsPerStep).toBeLessThan(0.5 * (160 / 25) * 2);
  });

  it('follows from the rate of matrix products where no step was run', () => {
    const unrun = (layers: number) => {
      const { shapes, ...slice } = sliceOf(layers, { rate: 100e9, evaluationSeconds: null });
      return { ...slice, shapes: shapes.map((one) => ({ ...one, seconds: null, firstSeconds: null, referenceSeconds: null })) };
    };
    const known = forecast({ sample, few: unrun(1), more: unrun(2) }, 30, 1);
    expect(known.isMeasured).toBe(false);
    expect(known.secondsPerStep).toBeGreaterThan(1.6);
    expect(known.secondsPerStep).toBeLessThan(3);
    expect(known.memory.runtime).toBeGreaterThan(200 * mb);
    expect(known.secondsPerReference).toBe(0);
    const compared = forecast({ sample, few: unrun(1), more: { ...unrun(2), hasReference: true } }, 30, 1);
    expect(compared.secondsPerReference).toBe(compared.secondsPerEvaluation);
  });
});

describe('the time of a run', () => {
  const timeOf = (input: unknown, totalRows = 48, few = sliceOf(6)) => {
    const measured = { sample: { ...sample, totalRows, isWhole: totalRows === 48 }, few, more: null };
    return runTime(parseTrainingConfig(input), measured, forecast(measured, 6, 1));
  };
  const often = { run: { evaluateEvery: 5 } };

  it('is that of its steps and evaluations', () => {
    const { steps, evaluations, perStep, total } = timeOf({ schedule: { epochs: 2.5, batchSize: 4 }, ...often });
    expect(steps).toBe(25);
    // Before the first step, after each five, and at the end.
    expect(evaluations).toBe(7);
    expect(total).toBeCloseTo(0.3 + 25 * perStep + 7 * 2 * 0.23);
  });

  it('ends with the steps that are allowed', () => {
    expect(timeOf({ schedule: { epochs: 2, maxSteps: 7 } }).steps).toBe(7);
    expect(timeOf({ schedule: { epochs: 0.01 } }).steps).toBe(1);
  });

  it('has a reference model that values each row once, or whenever it is read from disk anew', () => {
    const compared = sliceOf(6, { hasReference: true, shapes: sliceOf(6).shapes.map((one) => ({ ...one, referenceSeconds: 0.4 })) });
    const settings = { schedule: { epochs: 5, batchSize: 4 }, run: { evaluateEvery: 0 } };
    const [plain, valued] = [timeOf(settings), timeOf(settings, 48, compared)];
    // 50 steps, the first ten of which meet new rows; and two micro-batches that are held out.
    expect(valued.perStep - plain.perStep).toBeCloseTo(0.4 / 5);
    expect(valued.total - plain.total).toBeCloseTo(0.4 * (10 + 2));
    const streamed = timeOf({ ...settings, data: { streaming: 'on' } }, 48, compared);
    expect(streamed.perStep - plain.perStep).toBeCloseTo(0.4);
  });

  it('counts for a larger dataset what its sample has', () => {
    expect(timeOf({ schedule: { epochs: 1, batchSize: 4 }, ...often }, 4800).steps).toBe(1000);
  });
});
