import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bundledModelFolder, loadTokenizer, parseTrainingConfig } from '@anneal/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDataset } from './check-dataset.ts';
import { checkResult, type CheckResult } from './data-protocol.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'anneal-check-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function check(rows: readonly (object | string)[], name = 'rows.jsonl'): Promise<CheckResult> {
  const file = path.join(folder, name);
  await writeFile(file, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
  const { data } = parseTrainingConfig({ data: { path: file } });
  return checkResult.parse(await checkDataset(data, await loadTokenizer(bundledModelFolder)));
}

const row = (instruction: string, output: string) => ({ instruction, output });

describe('checking a dataset', () => {
  it('keeps the first thousand problems and counts all', async () => {
    const good = Array.from({ length: 3000 }, (_, index) => row(`Q ${index}`, 'A'));
    const result = await check(good.map((each, index) => (index % 2 === 1 ? { instruction: each.instruction } : each)));
    expect([result.rows, result.badRows, result.problems.length]).toEqual([3000, 1500, 1000]);
    expect(result.problems.slice(0, 2).map((problem) => problem.row)).toEqual([2, 4]);
    expect(result.statistics.usableRows).toBe(1500);
  });

  it('shortens what it shows of a row', async () => {
    const { problems } = await check([row('Q', 'A'), { instruction: 'x'.repeat(10_000) }]);
    expect(problems[0]?.text.length).toBe(201);
  });

  it('counts duplicates, rows with hardly anything to learn, and lengths', async () => {
    const long = row('Q', 'word '.repeat(100));
    const { statistics } = await check([
      row('A?', 'Yes, it is so.'),
      long,
      row('A?', 'Yes, it is so.'),
      row('B?', 'x'),
      row('C?', ''),
      long,
    ]);
    expect(statistics).toMatchObject({ usableRows: 5, skippedRows: 1, countedRows: 5, duplicateRows: 2, firstDuplicateRows: [3, 6] });
    expect([statistics.nearlyEmptyRows, statistics.firstNearlyEmptyRows]).toEqual([1, [4]]);
    expect(statistics.longest).toBeGreaterThan(100);
    expect(statistics.lengths.reduce((sum, { rows }) => sum + rows, 0)).toBe(5);
    expect(statistics.lengths[0]).toMatchObject({ from: 0, to: 15 });
    expect(statistics.median).toBeLessThanOrEqual(statistics.percentile90);
    expect(statistics.targetTokens).toBeLessThan(statistics.tokens);
  });

  it('tells languages by the tags of code and by the letters of text', async () => {
    const english =
      'The committee decided yesterday that every member should write a short report about what they had learned during the year.';
    const german = 'Der Ausschuss hat gestern beschlossen, dass jedes Mitglied einen kurzen Bericht über das Gelernte schreiben soll.';
    const { statistics } = await check([
      row(english, english),
      row(german, german),
      row('Add.', '```py\na + b\n```\n\n```js\na + b\n```'),
      row('Add.', '```python\na\n```'),
    ]);
    expect(statistics.languages).toEqual(
      expect.arrayContaining([
        { name: 'python', kind: 'PROGRAMMING', rows: 2 },
        { name: 'javascript', kind: 'PROGRAMMING', rows: 1 },
        { name: 'English', kind: 'NATURAL', rows: 1 },
        { name: 'German', kind: 'NATURAL', rows: 1 },
      ]),
    );
  });

  it('says where a file breaks off, with what was found until then', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => `Q ${index},A`);
    const result = await check(['instruction,output', ...rows, '"Q,never closed'], 'broken.csv');
    expect(result.brokenOff).toContain('line 32 has a quote that is not closed');
    expect(result.rows).toBe(30);
  });

  it('counts the steps of a dataset of tokens', async () => {
    const result = await check([
      { input_ids: [[1, 2, 3]], labels: [[-100, 2, 3]] },
      { input_ids: [[1]], labels: [[1, 2]] },
    ]);
    expect(result).toMatchObject({ format: 'tokens', rows: 2, badRows: 1, statistics: { tokens: 3, targetTokens: 2 } });
  });
});
