import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { writeTinyModel } from '@anneal/engine/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Invalid } from '../errors.ts';
import { validateConfig } from './validate.ts';

let home: string;
let model: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'anneal-validate-'));
  ({ model } = await writeTinyModel(home));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function issuesOf(data: Record<string, unknown>, base = model): Promise<[path: string, message: string][]> {
  try {
    await validateConfig({ model: { base }, data: { maxLength: 64, ...data } }, home);
    return [];
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return error.issues.map(({ path: field, message }) => [field, message]);
  }
}

describe('the data of a configuration', () => {
  it('may be a folder, with validation data beside it; paths are taken from the data folder', async () => {
    const { data } = await validateConfig(
      { model: { base: model }, data: { path: '.', maxLength: 64, validationPath: 'rows.jsonl' } },
      home,
    );
    expect(data).toMatchObject({ path: home, validationPath: path.join(home, 'rows.jsonl') });
  });

  it('is complained about at the field that is wrong', async () => {
    expect(await issuesOf({ path: 'rows.jsonl', columns: { completion: 'reply' } })).toEqual([
      ['config.data.columns.completion', 'There is no column "reply"; the dataset has "prompt", "completion".'],
    ]);
    expect(await issuesOf({ path: 'rows.jsonl', validationPath: 'none.jsonl' })).toEqual([
      ['config.data.validationPath', expect.stringContaining('There is no dataset')],
    ]);
    expect(await issuesOf({ path: 'hub:nobody' })).toEqual([['config.data.path', expect.stringContaining('names no dataset on the Hub')]]);
    expect(await issuesOf({ path: 'none.jsonl' }, 'no-model')).toEqual([
      ['config.model.base', expect.any(String)],
      ['config.data.path', expect.stringContaining('There is no dataset')],
    ]);
  });
});
