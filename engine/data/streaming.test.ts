import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { loadTrainingData } from './dataset.ts';
import type { Example } from './example.ts';
import type { DataSettings, LoadOptions } from './load-rows.ts';
import { dataSettings, decoded, epochOf, itemsOf, loadOptions, makeTokenizer, specialTokens } from './testing/load.ts';
import type { TrainingStep } from './training-data.ts';

let folder: string;
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-streaming-'));
  vi.stubEnv('ANNEAL_CACHE', join(folder, 'cache'));
  tokenizer = await makeTokenizer(folder, 'byte-level', specialTokens);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const shape = { batchSize: 4, gradientAccumulation: 2, seed: 3 };
const open = (changes: Partial<DataSettings>, options: Partial<LoadOptions> = shape) =>
  loadTrainingData(dataSettings({ streaming: 'on', maxLength: 48, ...changes }), loadOptions(tokenizer, options));

/** Rows of texts that name themselves, of different lengths. */
const rowsOf = (count: number) => Array.from({ length: count }, (_, i) => ({ text: `<${i}>${' on'.repeat((i * 7) % 11)}` }));
async function write(name: string, rows: readonly unknown[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}
const nameOf = (example: Example): number => Number(/<(\d+)>/.exec(decoded(example, tokenizer).text)?.[1]);
const namesIn = (steps: readonly TrainingStep<Example>[]): number[] => itemsOf(steps).map(nameOf);
const sorted = (names: readonly number[]): number[] => [...names].sort((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('rows that are read while training', () => {
  it('give the very steps that rows in memory give', async () => {
    const path = await write('same.jsonl', rowsOf(301));
    const [streamed, inMemory] = [await open({ path, validationShare: 0.1 }), await open({ path, validationShare: 0.1, streaming: 'off' })];
    expect([streamed.streamed, inMemory.streamed]).toEqual([true, false]);
    expect(streamed.stepsPerEpoch).toBe(inMemory.stepsPerEpoch);
    expect(streamed.trainExamples).toBe(271);
    expect(streamed.validation).toEqual(inMemory.validation);
    for (const epoch of [0, 1]) expect(await epochOf(streamed, epoch)).toEqual(await epochOf(inMemory, epoch));
    await streamed.close();
  });

  it('come by the number of the step alone, each once an epoch', async () => {
    const path = await write('order.jsonl', rowsOf(300));
    const data = await open({ path });
    const [first, second] = [await epochOf(data, 0), await epochOf(data, 1)];
    expect(sorted(namesIn(first))).toEqual(upTo(300));
    expect(sorted(namesIn(second))).toEqual(upTo(300));
    expect(namesIn(second)).not.toEqual(namesIn(first));
    const again = await open({ path });
    expect(await again.step(1, 17)).toEqual(second[17]);
    expect(await again.step(0, 30)).toEqual(first[30]);
    await Promise.all([data.close(), again.close()]);
  });

  it('are found behind blank lines, in files larger than a block, and over several files', async () => {
    const parts = join(folder, 'parts');
    const rows = rowsOf(500).map((row) => ({ ...row, unused: 'x'.repeat(300) }));
    await mkdir(parts);
    const lines = rows.map((row) => JSON.stringify(row));
    await writeFile(join(parts, 'a.jsonl'), `\ufeff\n${lines.slice(0, 250).join('\n\n \r\n')}`);
    await writeFile(join(parts, 'b.jsonl.gz'), gzipSync(lines.slice(250, 400).join('\n')));
    await writeFile(join(parts, 'c.json'), `[${lines.slice(400).join(',')}]`);
    const data = await open({ path: parts });
    expect(sorted(namesIn(await epochOf(data)))).toEqual(upTo(500));
    await data.close();
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  it('may turn out to give nothing: steps are smaller then, and none is empty', async () => {
    const rows = rowsOf(400).map((row, i) => (i % 3 === 0 ? row : { text: '  ' }));
    const data = await open({ path: await write('empty.jsonl', rows) });
    expect(data.stepsPerEpoch).toBe(50);
    expect(data.warnings.join()).toMatch(/Among 400 rows taken at random: 266 rows were skipped because there is nothing to learn in it/);
    const steps = await epochOf(data);
    for (const { microBatches } of steps) expect(microBatches.flat(2).length).toBeGreaterThan(0);
    expect(sorted(namesIn(steps))).toEqual(upTo(400).filter((i) => i % 3 === 0));
    await data.close();
  });

  it('are refused when the file has been changed meanwhile', async () => {
    const path = await write('changed.jsonl', rowsOf(400));
    const data = await open({ path });
    await writeFile(path, 'x'.repeat(10));
    await appendFile(path, '\n');
    await expect(epochOf(data)).rejects.toMatchObject({ code: 'DATASET_INVALID', message: expect.stringContaining('has been changed') });
    await data.close();
  });
});

describe('packed rows', () => {
  it.each(['on', 'off'] as const)('hold every example once, in rows that are nearly full (streaming %s)', async (streaming) => {
    const data = await open({ path: await write('packed.jsonl', rowsOf(1000)), packing: true, streaming });
    expect([data.packed, data.streamed]).toEqual([true, streaming === 'on']);
    const steps = await epochOf(data);
    expect(sorted(namesIn(steps))).toEqual(upTo(1000));
    const rows = steps.flatMap(({ microBatches }) => microBatches.flat());
    const tokens = rows.map((row) => row.reduce((sum, { inputIds }) => sum + inputIds.length, 0));
    for (const used of tokens) expect(used).toBeLessThanOrEqual(48);
    expect(tokens.reduce((a, b) => a + b) / (48 * rows.length)).toBeGreaterThan(0.9);
    const sizes = steps.map(({ microBatches }) => microBatches.flat().length);
    for (const size of sizes) expect(size).toBeGreaterThanOrEqual(streaming === 'on' ? 6 : 1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(9);
    for (const { microBatches } of steps) for (const microBatch of microBatches) expect(microBatch.length).toBeLessThanOrEqual(4);
    expect(namesIn(await epochOf(data, 1))).not.toEqual(namesIn(steps));
    await data.close();
  });

  it('are planned for texts that go on in the next example', async () => {
    const rows = upTo(120).map((i) => ({ text: `<${i}>${' on'.repeat(i)}` }));
    const path = await write('long.jsonl', rows);
    const options = { ...shape, continues: true };
    const [streamed, inMemory] = [
      await open({ path, maxLength: 32 }, options),
      await open({ path, maxLength: 32, streaming: 'off' }, options),
    ];
    const tokensIn = (examples: readonly Example[]) => examples.reduce((sum, { inputIds }) => sum + inputIds.length - 1, 0);
    const all = rows.reduce((sum, { text }) => sum + tokenizer.encode(text).length, 0);
    expect(tokensIn(itemsOf(await epochOf(inMemory)))).toBe(all);
    expect(tokensIn(itemsOf(await epochOf(streamed)))).toBe(all);
    await streamed.close();
  });
});

describe('bad rows', () => {
  const bad = new Map<number, string>([
    [17, '{"text": 5}'],
    [1200, '{"text": '],
    [2499, '{"texts": "x"}'],
  ]);
  const makePath = async () => {
    const path = join(folder, 'bad.jsonl');
    const lines = rowsOf(2500).map((row, i) => bad.get(i + 1) ?? JSON.stringify(row));
    await writeFile(path, lines.join('\n'));
    return path;
  };
  const problems =
    /row 17: "text" is a number, not a text \(text needs text\); row 1200: is not valid JSON: {"text":; row 2499: "text" is missing/;

  it.each(['on', 'off'] as const)('are named before training (streaming %s)', async (streaming) => {
    await expect(open({ path: await makePath(), streaming })).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(problems),
      issues: [{ path: 'rows.17.text' }, { path: 'rows.1200' }, { path: 'rows.2499.text' }],
    });
  });

  it.each(['on', 'off'] as const)('are left out where they may be, and no others (streaming %s)', async (streaming) => {
    const data = await open({ path: await makePath(), streaming, badRows: 'skip', maxLength: 256 });
    expect(data.warnings).toEqual([expect.stringMatching(/^3 rows were left out because they cannot be used: row 17:/)]);
    expect(data.warnings[0]).toMatch(problems);
    const steps = await epochOf(data);
    expect(sorted(namesIn(steps))).toEqual(upTo(2500).filter((i) => !bad.has(i + 1)));
    await data.close();
  });

  it('do not fill the memory however long they are', async () => {
    const path = join(folder, 'endless.jsonl');
    await writeFile(path, `{"text": "<0>"}\n{"text": "`);
    for (let i = 0; i < 40; i++) await appendFile(path, 'x'.repeat(1 << 20));
    await appendFile(path, '"}\n{"text": "<1>"}\n');
    await expect(open({ path })).rejects.toMatchObject({ message: expect.stringContaining('row 2: is longer than 16 MB') });
    const data = await open({ path, badRows: 'skip' });
    expect(sorted(namesIn(await epochOf(data)))).toEqual([0, 1]);
    await data.close();
  });
});
