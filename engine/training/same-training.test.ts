import { describe, expect, it } from 'vitest';
import { parseTrainingConfig, type TrainingConfigInput } from '../config.ts';
import { configChanges, describeChanges } from './same-training.ts';

const saved = parseTrainingConfig({});
const changes = (input: TrainingConfigInput) => {
  const { refused, noted } = configChanges(JSON.parse(JSON.stringify(saved)), parseTrainingConfig(input));
  return { refused: refused.map(({ path }) => path), noted: noted.map(({ path }) => path) };
};

describe('a configuration and that of a checkpoint', () => {
  it.each<[string, TrainingConfigInput]>([
    ['nothing', {}],
    ['how often is evaluated and saved', { run: { evaluateEvery: 7, checkpointEvery: 1, keepCheckpoints: 9, keepBest: false } }],
    ['threads', { run: { threads: 3 } }],
  ])('are of the same training after a change of %s', (_, input) => {
    expect(changes(input)).toEqual({ refused: [], noted: [] });
  });

  it('are of the same training, told of, when the way ahead is changed', () => {
    expect(changes({ schedule: { maxSteps: 9, epochs: 2 }, optimizer: { learningRate: 0.5 }, guard: { enabled: false } })).toEqual({
      refused: [],
      noted: ['optimizer.learningRate', 'schedule.epochs', 'schedule.maxSteps', 'guard.enabled'],
    });
  });

  it.each<[string, TrainingConfigInput]>([
    ['method.rank', { method: { rank: 3 } }],
    ['method.targetModules', { method: { targetModules: ['q_proj'] } }],
    ['optimizer.states', { optimizer: { states: 'int8' } }],
    ['schedule.batchSize', { schedule: { batchSize: 3 } }],
    ['schedule.gradientAccumulation', { schedule: { gradientAccumulation: 3 } }],
    ['data.maxLength', { data: { maxLength: 100 } }],
    ['run.seed', { run: { seed: 1 } }],
  ])('are of two trainings when %s differs', (path, input) => {
    expect(changes(input)).toEqual({ refused: [path], noted: [] });
  });

  it('take fields that an older checkpoint does not know at their default', () => {
    const { guard: _, ...older } = saved;
    expect(configChanges(older, saved)).toEqual({ refused: [], noted: [] });
    const changed = parseTrainingConfig({ method: { alpha: 8 } });
    expect(describeChanges(configChanges(older, changed).refused)).toBe('method.alpha was 16 and is 8');
  });

  it('are of two trainings when a checkpoint does not tell', () => {
    expect(configChanges(undefined, saved).refused.length).toBeGreaterThan(10);
  });
});
