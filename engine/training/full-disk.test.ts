import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseTrainingConfig } from '../config.ts';
import { collect, collectUntil, exact } from '../testing/collect.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';
import { parseJournalLine } from '../worker/journal-format.ts';
import { latestCheckpoint } from './checkpoint.ts';

let home: string;
let config: ReturnType<typeof parseTrainingConfig>;
beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'anneal-full-disk-'));
  const places = await writeTinyModel(home);
  config = parseTrainingConfig({
    model: { base: places.model },
    data: { path: places.data, maxLength: 64 },
    method: { rank: 4 },
    schedule: { maxSteps: 14, batchSize: 4, epochs: 9 },
    run: { checkpointEvery: 4, evaluateEvery: 0, threads: 1 },
  });
});
afterAll(() => rm(home, { recursive: true, force: true }));

const runFolder = () => mkdtemp(path.join(home, 'run-'));

/** Trains in a process whose files cannot grow beyond a size, which fails as a full disk does: in the middle of a write. */
async function trainWithin(kibibytes: number, folder: string): Promise<{ lines: string[]; error: string }> {
  const source = `
    import { train } from ${JSON.stringify(pathToFileURL(path.join(import.meta.dirname, 'train.ts')).href)};
    try {
      for await (const event of train(${JSON.stringify(config)}, { folder: ${JSON.stringify(folder)} })) console.log(JSON.stringify(event));
    } catch (error) {
      console.error(error.code, error.message);
    }`;
  // The limit counts blocks of 512 bytes. The signal would end the process; ignored, the write fails.
  const shell = `trap '' XFSZ; ulimit -f ${kibibytes * 2}; exec "$@"`;
  const child = spawn('/bin/sh', ['-c', shell, 'sh', process.execPath, '--import', 'tsx', '--input-type=module', '-e', source]);
  const [lines, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { lines: lines.trim().split('\n'), error };
}

it('leaves the old checkpoint good, and the run goes on', async () => {
  const whole = await collect(config, await runFolder());
  const folder = await runFolder();
  await collectUntil(config, folder, (event) => event.type === 'checkpoint' && event.step === 4);
  const before = await readFile(path.join(folder, 'checkpoints', 'step-00000004', 'state.safetensors'));
  // Enough for the adapter and the event file, not for a checkpoint, which is three times as large.
  expect(before.length / 1024).toBeGreaterThan(40);
  const { lines, error } = await trainWithin(32, folder);
  expect(error).toBe('');
  const events = lines.flatMap((line) => {
    const event = parseJournalLine(`{"seq":1,"time":0,${line.slice(1)}`);
    return event && event.type !== 'failed' ? [event] : [];
  });
  expect(exact(events)).toEqual(exact(whole).filter(({ step }) => step > 4));
  const warnings = events.flatMap((event) => (event.type === 'log' && event.level === 'warn' ? [event] : []));
  expect(warnings.map(({ step }) => step)).toEqual([8, 12, 14]);
  for (const { message } of warnings)
    expect(message).toMatch(/^The checkpoint cannot be written .* the checkpoint of step 4 is still good\.$/);
  expect(events.slice(-2).map(({ type }) => type)).toEqual(['artifact', 'completed']);
  expect(await readFile(path.join(folder, 'checkpoints', 'step-00000004', 'state.safetensors'))).toEqual(before);
  expect(await latestCheckpoint(folder)).toMatchObject({ checkpoint: { step: 4 }, passedOver: [] });
});

it('ends the run when what was learned cannot be written', async () => {
  const folder = await runFolder();
  await collectUntil(config, folder, (event) => event.type === 'checkpoint' && event.step === 12);
  const { error } = await trainWithin(10, folder);
  expect(error).toMatch(/^RUN_FOLDER_UNUSABLE The result cannot be written into /);
});

it('ends the run when the first checkpoint cannot be written: there is nothing to go on from', async () => {
  const { error } = await trainWithin(20, await runFolder());
  expect(error).toMatch(/^RUN_FOLDER_UNUSABLE The checkpoint cannot be written into /);
});
