import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledModelFolder } from '../bundled/bundled.ts';
import { parseTrainingConfig, type TrainingConfigInput } from '../config.ts';
import { SealedWriter } from '../sealed/writer.ts';
import { loadTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { loadPreferenceData, loadTrainingData } from './dataset.ts';
import { ignoredLabel } from './example.ts';
import { type InspectedRow, inspectRows } from './inspect-rows.ts';
import type { LoadOptions } from './load-rows.ts';

let folder: string;
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'anneal-inspect-'));
  tokenizer = await loadTokenizer(bundledModelFolder);
});
afterAll(() => rm(folder, { recursive: true }));

const settingsOf = (data: TrainingConfigInput['data']) => parseTrainingConfig({ data }).data;

const options = (): LoadOptions => ({
  seed: 1,
  batchSize: 1,
  gradientAccumulation: 1,
  tokenizer: () => Promise.resolve(tokenizer),
  model: { vocabularySize: tokenizer.vocabularySize, maxPositions: 512 },
});

async function allRows(settings: ReturnType<typeof settingsOf>): Promise<InspectedRow[]> {
  const { rows } = await inspectRows(settings, tokenizer);
  const found: InspectedRow[] = [];
  for await (const batch of rows({ encode: () => true })) found.push(...batch);
  return found;
}

async function write(name: string, rows: readonly object[]): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

/** Ids and labels in an order that is the same for the same set; the label of a first token is never learned. */
const sorted = (sequences: readonly { ids: ArrayLike<number>; learned: readonly boolean[] }[]): string[] =>
  sequences.map(({ ids, learned }) => JSON.stringify([Array.from(ids), learned])).sort();

const conversations = [
  {
    messages: [
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'Yes, one.' },
      { role: 'user', content: 'Two?' },
      { role: 'assistant', content: 'Two.' },
    ],
  },
  {
    messages: [
      { role: 'user', content: 'A much longer question that goes on and on until it is long' },
      { role: 'assistant', content: 'Short.' },
    ],
  },
  {
    messages: [
      { role: 'user', content: 'Count.' },
      { role: 'assistant', content: 'one two three four five six seven '.repeat(5) },
    ],
  },
];

describe('looking at rows', () => {
  it.each(['assistant', 'completions', 'all'] as const)(
    'shows the very tokens and targets that training takes (loss on %s)',
    async (lossOn) => {
      const settings = settingsOf({ path: await write('chat.jsonl', conversations), lossOn, maxLength: 40, validationShare: 0 });
      const data = await loadTrainingData(settings, options());
      const steps = await Promise.all(Array.from({ length: data.stepsPerEpoch }, (_, index) => data.step(0, index)));
      const trained = steps.flatMap(({ microBatches }) => microBatches.flat(2));
      await data.close();
      const shown = (await allRows(settings)).flatMap(({ sequences }) => sequences);
      expect(shown.length).toBe(3);
      expect(sorted(shown.map(({ ids, isTarget }) => ({ ids, learned: isTarget })))).toEqual(
        sorted(
          trained.map(({ inputIds, labels }) => ({
            ids: inputIds,
            learned: Array.from(labels, (label, index) => index > 0 && label !== ignoredLabel),
          })),
        ),
      );
    },
  );

  it('shows both answers of a pair', async () => {
    const settings = settingsOf({
      path: await write('pairs.jsonl', [{ prompt: 'Good?', chosen: 'Yes.', rejected: 'No idea.' }]),
      validationShare: 0,
    });
    const data = await loadPreferenceData(settings, options());
    const [pair] = (await data.step(0, 0)).microBatches.flat(2);
    const [row] = await allRows(settings);
    expect(row?.sequences.map(({ answer }) => answer)).toEqual(['CHOSEN', 'REJECTED']);
    expect(row?.sequences.map(({ ids }) => ids)).toEqual([pair?.chosen.inputIds, pair?.rejected.inputIds]);
    await data.close();
  });

  it('does not stop at rows that are wrong, and says which are cut or have nothing to learn', async () => {
    const file = path.join(folder, 'wrong.jsonl');
    const long = { instruction: 'Q', output: 'word '.repeat(100) };
    const rows = [{ instruction: 'Q', output: 'A' }, { instruction: 'Q' }, { instruction: 'Q', output: '' }, long].map((row) =>
      JSON.stringify(row),
    );
    await writeFile(file, [...rows, '{broken'].join('\n'));
    const found = await allRows(settingsOf({ path: file, maxLength: 32 }));
    expect(found.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(found.map(({ problems }) => problems.length)).toEqual([0, 1, 0, 0, 1]);
    expect(found[2]?.skipped).toContain('nothing to learn');
    expect(found.map(({ isCut }) => isCut)).toEqual([false, false, false, true, false]);
    expect(found[4]?.value).toBeUndefined();
  });

  it('reads encrypted files as the others, and so does training', async () => {
    const rows = Array.from({ length: 50 }, (_, index) => ({ instruction: `Question ${index}`, output: `Answer ${index}` }));
    const plain = settingsOf({ path: await write('plain.jsonl', rows), validationShare: 0 });
    const key = randomBytes(32);
    const keyFile = path.join(folder, 'files.key');
    await writeFile(keyFile, key);
    const writer = await SealedWriter.open(path.join(folder, '00001.jsonl.sealed'), key);
    await writer.append(Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')));
    await writer.finish();
    const sealed = { ...plain, path: path.join(folder, '00001.jsonl.sealed'), keyFile };
    expect(await allRows(sealed)).toEqual(await allRows(plain));
    for (const streaming of ['off', 'on'] as const) {
      const [a, b] = await Promise.all([plain, sealed].map((settings) => loadTrainingData({ ...settings, streaming }, options())));
      for (let step = 0; step < (a?.stepsPerEpoch ?? 1); step += 7) expect(await b?.step(0, step)).toEqual(await a?.step(0, step));
      await a?.close();
      await b?.close();
    }
    await expect(inspectRows({ ...sealed, keyFile: '' }, tokenizer)).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });
});
