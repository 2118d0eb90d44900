import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { latestCheckpoint, pruneCheckpoints, removeCheckpointsAfter, saveCheckpoint } from './checkpoint.ts';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'anneal-checkpoint-'));
});
afterEach(() => rm(run, { recursive: true, force: true }));

const content = (step: number) => ({
  step,
  tensors: [
    { name: 'weight', shape: [2, 2], data: Float32Array.of(0.1, -0, step, 1.401298464324817e-45) },
    { name: 'mean', shape: [1], data: Float32Array.of(1 / 3) },
  ],
  progress: { epoch: 1.25, tokens: 2 ** 40, loss: 0.1 + 0.2, best: null, names: ['a', { b: true }] },
});
const folders = () => readdir(join(run, 'checkpoints'));

it('gives everything back, weights to the bit', async () => {
  const { path, bytes } = await saveCheckpoint(run, content(50));
  expect(path).toBe('checkpoints/step-00000050');
  const sizes = await Promise.all((await readdir(join(run, path))).map(async (name) => (await stat(join(run, path, name))).size));
  expect(bytes).toBe(sizes.reduce((a, b) => a + b));
  const { checkpoint, passedOver } = await latestCheckpoint(run);
  expect(passedOver).toEqual([]);
  expect(checkpoint).toMatchObject({ step: 50, path, bytes, progress: content(50).progress });
  const weight = checkpoint?.tensors.get('weight');
  expect(weight).toMatchObject({ shape: [2, 2] });
  expect(new Uint32Array(weight?.data.buffer ?? new ArrayBuffer(0))).toEqual(
    new Uint32Array(content(50).tensors[0]?.data.buffer ?? new ArrayBuffer(0)),
  );
  expect([...(checkpoint?.tensors.keys() ?? [])].sort()).toEqual(['mean', 'weight']);
});

it('is null where there is none', async () => {
  expect(await latestCheckpoint(run)).toEqual({ checkpoint: null, passedOver: [] });
  expect(await latestCheckpoint(join(run, 'none'))).toEqual({ checkpoint: null, passedOver: [] });
});

it('takes the newest by number, and replaces one of the same step', async () => {
  for (const step of [9, 100_000_001, 10, 9]) await saveCheckpoint(run, content(step));
  expect(await latestCheckpoint(run)).toMatchObject({ checkpoint: { step: 100_000_001 } });
  await saveCheckpoint(run, { ...content(100_000_001), progress: { again: true } });
  expect(await latestCheckpoint(run)).toMatchObject({ checkpoint: { step: 100_000_001, progress: { again: true } } });
  expect((await folders()).sort()).toEqual(['step-00000009', 'step-00000010', 'step-100000001']);
});

const damages: [string, (folder: string) => Promise<void>, string][] = [
  ['one flipped bit', flipLastByte, 'checksum'],
  ['a truncated state', (folder) => truncate(join(folder, 'state.safetensors'), 20), 'checksum'],
  ['no state', (folder) => rm(join(folder, 'state.safetensors')), 'missing'],
  ['no progress', (folder) => rm(join(folder, 'progress.json')), 'progress.json'],
  ['a half progress', (folder) => truncate(join(folder, 'progress.json'), 10), 'progress.json'],
  ['the progress of another step', (folder) => replaceInProgress(folder, '"step": 20', '"step": 21'), 'says step 21'],
];

async function flipLastByte(folder: string): Promise<void> {
  const path = join(folder, 'state.safetensors');
  const handle = await open(path, 'r+');
  const { size } = await handle.stat();
  await handle.write(Uint8Array.of(0xaa), 0, 1, size - 1);
  await handle.close();
}

async function replaceInProgress(folder: string, from: string, to: string): Promise<void> {
  const path = join(folder, 'progress.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
}

it.each(damages)('passes over a checkpoint with %s, and says so', async (_, damage, reason) => {
  await saveCheckpoint(run, content(10));
  await saveCheckpoint(run, content(20));
  await damage(join(run, 'checkpoints', 'step-00000020'));
  const { checkpoint, passedOver } = await latestCheckpoint(run);
  expect(checkpoint?.step).toBe(10);
  expect(passedOver).toEqual([expect.stringContaining('step-00000020')]);
  expect(passedOver[0]).toContain(reason);
});

it('says so too when no checkpoint is whole', async () => {
  await saveCheckpoint(run, content(20));
  await flipLastByte(join(run, 'checkpoints', 'step-00000020'));
  expect(await latestCheckpoint(run)).toEqual({ checkpoint: null, passedOver: [expect.stringContaining('checksum')] });
});

it('removes what a killed writer left, and ignores what is not its own', async () => {
  await saveCheckpoint(run, content(10));
  await mkdir(join(run, 'checkpoints', 'step-00000020.partial'));
  await writeFile(join(run, 'checkpoints', 'step-00000020.partial', 'state.safetensors'), 'half');
  await writeFile(join(run, 'checkpoints', 'notes.txt'), 'mine');
  await mkdir(join(run, 'checkpoints', 'step-best'));
  expect(await latestCheckpoint(run)).toMatchObject({ checkpoint: { step: 10 }, passedOver: [] });
  expect((await folders()).sort()).toEqual(['notes.txt', 'step-00000010', 'step-best']);
});

it('keeps the newest, and those that are asked for', async () => {
  for (const step of [10, 20, 30, 40]) await saveCheckpoint(run, content(step));
  expect(await pruneCheckpoints(run, 2, [10, 25])).toEqual([10, 30, 40]);
  expect(await folders()).toEqual(['step-00000010', 'step-00000030', 'step-00000040']);
  expect(await pruneCheckpoints(run, 0)).toEqual([40]);
  expect(await pruneCheckpoints(join(run, 'none'), 1)).toEqual([]);
});

it('looks back up to a step, and gives later ones up', async () => {
  for (const step of [10, 20, 30]) await saveCheckpoint(run, content(step));
  expect(await latestCheckpoint(run, 29)).toMatchObject({ checkpoint: { step: 20 } });
  expect(await latestCheckpoint(run, 9)).toMatchObject({ checkpoint: null });
  await removeCheckpointsAfter(run, 10);
  expect(await folders()).toEqual(['step-00000010']);
});

it('keeps bytes as bytes', async () => {
  const data = Uint8Array.of(0, 7, 255);
  await saveCheckpoint(run, { step: 1, tensors: [...content(1).tensors, { name: 'codes', shape: [3], data }], progress: {} });
  const { checkpoint } = await latestCheckpoint(run);
  expect(checkpoint?.tensors.get('codes')?.data).toEqual(data);
  expect(checkpoint?.tensors.get('mean')?.data).toEqual(Float32Array.of(1 / 3));
});

it('refuses numbers that JSON would lose', async () => {
  await expect(saveCheckpoint(run, { ...content(1), progress: { best: { loss: Infinity } } })).rejects.toThrow(
    'progress.best.loss is Infinity',
  );
});

it('says when the run folder cannot be written', async () => {
  await writeFile(join(run, 'checkpoints'), 'a file where the folder should be');
  await expect(saveCheckpoint(run, content(1))).rejects.toMatchObject({
    code: 'RUN_FOLDER_UNUSABLE',
    message: expect.stringContaining(run),
  });
});

it('is whole whenever the writer is killed', async () => {
  const source = `
    import { saveCheckpoint, pruneCheckpoints } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'checkpoint.ts')).href)};
    for (let step = 1; ; step++) {
      await saveCheckpoint(${JSON.stringify(run)}, { step, tensors: [{ name: 'x', shape: [200000], data: new Float32Array(200000).fill(step) }], progress: { step } });
      await pruneCheckpoints(${JSON.stringify(run)}, 2);
      process.stdout.write('.');
    }`;
  let last = 0;
  for (let round = 0; round < 3; round++) {
    const writer = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for (let seen = 0; seen < 2 + round; seen++) await once(writer.stdout, 'data');
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    const { checkpoint, passedOver } = await latestCheckpoint(run);
    expect(passedOver).toEqual([]);
    expect(checkpoint?.tensors.get('x')?.data).toEqual(new Float32Array(200000).fill(checkpoint?.step ?? 0));
    expect(checkpoint?.progress).toEqual({ step: checkpoint?.step });
    last = Math.max(last, checkpoint?.step ?? 0);
    await rm(join(run, 'checkpoints'), { recursive: true });
  }
  expect(last).toBeGreaterThan(1);
});
