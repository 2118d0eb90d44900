import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { parseTrainingConfig, trainingConfigSchema } from './config.ts';
import { EngineError, type Issue } from './errors.ts';

function issuesOf(input: unknown): readonly Issue[] {
  try {
    parseTrainingConfig(input);
  } catch (error) {
    if (error instanceof EngineError) return error.issues;
  }
  return [];
}

describe('parseTrainingConfig', () => {
  it('fills in every default', () => {
    expect(parseTrainingConfig(undefined)).toEqual(parseTrainingConfig({}));
    expect(parseTrainingConfig({ schedule: { epochs: 2 } }).schedule).toMatchObject({ epochs: 2, type: 'cosine', batchSize: 8 });
  });

  it.each([
    [{ optimizer: { learningRate: -1 } }, 'optimizer.learningRate', 'It must be at least 1e-8.'],
    [{ optimizer: { learningRate: '1e-4' } }, 'optimizer.learningRate', 'It must be a number.'],
    [{ method: { rank: 0 } }, 'method.rank', 'It must be at least 1.'],
    [{ method: { rank: 2.5 } }, 'method.rank', 'It must be a whole number.'],
    [{ method: { targetModules: [] } }, 'method.targetModules', 'It must not be empty.'],
    [{ data: { validationShare: 0.9 } }, 'data.validationShare', 'It must be at most 0.5.'],
    [{ data: { path: '' } }, 'data.path', 'It must not be empty.'],
    [{ schedule: { type: 'sine' } }, 'schedule.type', 'It must be one of cosine, linear, constant.'],
    [{ schedule: { epochs: NaN } }, 'schedule.epochs', 'It must be a number.'],
    [{ schedule: { speed: 1 } }, 'schedule.speed', 'There is no such field.'],
    [{ model: { products: 'int8' } }, 'model.products', 'int8 products need weights in int8 or nf4. Set model.storage to one of them too.'],
    [
      { model: { storage: 'int8', doubleQuantization: true } },
      'model.doubleQuantization',
      'It belongs to nf4. Set model.storage to nf4, or leave it out.',
    ],
    [{ run: 7 }, 'run', 'It must be an object.'],
  ])('says what is wrong with %j', (input, path, message) => {
    expect(issuesOf(input)).toEqual([{ path, message }]);
  });

  it('names each field that is wrong', () => {
    expect(issuesOf({ method: { rank: 0, alpha: -1 }, run: { seed: -5 } }).map(({ path }) => path)).toEqual([
      'method.rank',
      'method.alpha',
      'run.seed',
    ]);
  });

  it('has a title and help for each field', () => {
    for (const [name, section] of Object.entries(trainingConfigSchema.shape)) {
      expect(section.meta(), name).toMatchObject({ title: expect.any(String), help: expect.any(String) });
      const fields: Record<string, z.ZodType> = section.unwrap().shape;
      for (const [key, field] of Object.entries(fields)) {
        expect(field.meta(), `${name}.${key}`).toMatchObject({ title: expect.any(String), help: expect.any(String) });
      }
    }
  });
});
