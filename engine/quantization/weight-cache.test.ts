import { execFile } from 'node:child_process';
import { copyFile, cp, mkdtemp, open, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTrainingConfig } from '../config.ts';
import { goldenFolder } from '../golden/cases.ts';
import { type LoadOptions, loadModel } from '../models/load.ts';
import { tinyConfig, writeTinyModel } from '../testing/tiny-model.ts';
import { collect } from '../testing/collect.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import { readWeightCache, weightCache, writeWeightCache } from './weight-cache.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'anneal-weight-cache-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const emptyFolder = () => mkdtemp(path.join(home, 'base-'));
const fileIn = (folder: string) => path.join(folder, 'weights.safetensors');
const copyOf = async (name: string) => {
  const folder = await mkdtemp(path.join(home, 'model-'));
  await cp(goldenFolder(name), folder, { recursive: true });
  return folder;
};

const forms: readonly LoadOptions[] = [
  { storage: 'int8' },
  { storage: 'int8', products: 'int8' },
  { storage: 'nf4' },
  { storage: 'nf4', doubleQuantization: true },
];

describe.each(['gqa-tied', 'gpt2'])('quantised weights of %s', (name) => {
  it.each(forms)('are the same to the bit when they come from the disk: %j', async (form) => {
    const cacheFolder = path.join(await emptyFolder(), 'deeper');
    const made = await loadModel(goldenFolder(name), form);
    const first = await loadModel(goldenFolder(name), { ...form, cacheFolder });
    const { mtimeMs } = await stat(fileIn(cacheFolder));
    const second = await loadModel(goldenFolder(name), { ...form, cacheFolder });
    expect(made.stored?.size).toBeGreaterThan(0);
    for (const loaded of [first, second]) expect(loaded).toEqual(made);
    expect(second.warnings).toEqual([]);
    expect((await stat(fileIn(cacheFolder))).mtimeMs).toBe(mtimeMs);
  });
});

it('takes the weights from the disk and does not make them again', async () => {
  const [model, cacheFolder] = [goldenFolder('gqa-tied'), await emptyFolder()];
  const { family, config } = await loadModel(model, { storage: 'int8', cacheFolder });
  const cache = await weightCache(cacheFolder, model, family.linears(config), { storage: 'int8' });
  if (!cache) throw new Error('int8 has a cache');
  const { parts } = await readWeightCache(cache);
  const [weight = '', kept] = [...(parts ?? [])][0] ?? [];
  const marked = new Map([...(parts ?? []), [weight, { ...kept, scale: new Float32Array(kept?.scale?.length ?? 0).fill(42) }]]);
  expect(await writeWeightCache(cache, marked)).toBeNull();
  const again = await loadModel(model, { storage: 'int8', cacheFolder });
  expect(again.stored?.get(weight)?.tensors.scale?.data[0]).toBe(42);
});

it('serves either kind of products', async () => {
  const [model, cacheFolder] = [goldenFolder('gqa-tied'), await emptyFolder()];
  await loadModel(model, { storage: 'int8', cacheFolder });
  const form: LoadOptions = { storage: 'int8', products: 'int8' };
  expect(await loadModel(model, { ...form, cacheFolder })).toEqual(await loadModel(model, form));
});

describe('a file that does not fit is not trusted, said and replaced', () => {
  const form: LoadOptions = { storage: 'nf4' };

  async function expectReplaced(model: string, cacheFolder: string, message: RegExp): Promise<void> {
    const found = await loadModel(model, { ...form, cacheFolder });
    expect(found.warnings).toEqual([expect.stringMatching(message)]);
    const made = await loadModel(model, form);
    expect({ ...found, warnings: [] }).toEqual(made);
    expect(await loadModel(model, { ...form, cacheFolder })).toEqual(made);
  }

  const otherwise = /^The quantised weights in .*weights\.safetensors belong to another model or another storage\. They are made anew\.$/;
  const damaged = /^The quantised weights in .*weights\.safetensors are damaged\. They are made anew\.$/;

  it.each<LoadOptions>([{ storage: 'int8' }, { storage: 'nf4', doubleQuantization: true }])('of another storage: %j', async (other) => {
    const [model, cacheFolder] = [goldenFolder('gqa-tied'), await emptyFolder()];
    await loadModel(model, { ...other, cacheFolder });
    await expectReplaced(model, cacheFolder, otherwise);
  });

  it('of another model', async () => {
    const cacheFolder = await emptyFolder();
    await loadModel(goldenFolder('gpt2'), { ...form, cacheFolder });
    await expectReplaced(goldenFolder('gqa-tied'), cacheFolder, otherwise);
  });

  it('of other weights in a file of the same size and time', async () => {
    const [model, cacheFolder] = [await copyOf('gqa-tied'), await emptyFolder()];
    await loadModel(model, { ...form, cacheFolder });
    const file = path.join(model, 'model.safetensors');
    const [{ tensors }, { atime, mtime }] = [await readSafetensors(file), await stat(file)];
    await writeSafetensors(
      file,
      [...tensors].map(([name, { shape, data }]) => ({ name, dtype: 'F32', shape, data: data.map((value) => -value) })),
      { format: 'pt' },
    );
    await utimes(file, atime, mtime);
    await expectReplaced(model, cacheFolder, otherwise);
  });

  it('of a model whose file was changed, however little', async () => {
    const [model, cacheFolder] = [await copyOf('gqa-tied'), await emptyFolder()];
    await loadModel(model, { ...form, cacheFolder });
    const { atime, mtime } = await stat(path.join(model, 'model.safetensors'));
    await utimes(path.join(model, 'model.safetensors'), atime, new Date(mtime.getTime() + 1));
    await expectReplaced(model, cacheFolder, otherwise);
  });

  it('cut off', async () => {
    const [model, cacheFolder] = [goldenFolder('gqa-tied'), await emptyFolder()];
    await loadModel(model, { ...form, cacheFolder });
    await truncate(fileIn(cacheFolder), (await stat(fileIn(cacheFolder))).size - 1);
    await expectReplaced(model, cacheFolder, damaged);
  });

  it('with a single other bit', async () => {
    const [model, cacheFolder] = [goldenFolder('gqa-tied'), await emptyFolder()];
    await loadModel(model, { ...form, cacheFolder });
    const handle = await open(fileIn(cacheFolder), 'r+');
    const last = (await handle.stat()).size - 1;
    const { buffer } = await handle.read(Buffer.alloc(1), { position: last });
    await handle.write(Buffer.of(buffer.readUInt8() ^ 1), 0, 1, last);
    await handle.close();
    await expectReplaced(model, cacheFolder, damaged);
  });

  it('with tensors of another shape, under the right description', async () => {
    const [model, cacheFolder] = [goldenFolder('gqa-tied'), await emptyFolder()];
    await loadModel(model, { ...form, cacheFolder });
    const file = await openSafetensors(fileIn(cacheFolder));
    await file.close();
    const [name = ''] = file.tensors.keys();
    await writeSafetensors(fileIn(cacheFolder), [{ name, dtype: 'U8', shape: [1], data: Uint8Array.of(0) }], file.metadata);
    await expectReplaced(model, cacheFolder, damaged);
  });

  it('of another kind', async () => {
    const cacheFolder = await emptyFolder();
    await writeFile(fileIn(cacheFolder), 'notes about weights');
    await expectReplaced(goldenFolder('gqa-tied'), cacheFolder, damaged);
  });

  it('of a format of another time', async () => {
    const [model, cacheFolder] = [goldenFolder('gqa-tied'), await emptyFolder()];
    await copyFile(path.join(model, 'model.safetensors'), fileIn(cacheFolder));
    await expectReplaced(model, cacheFolder, otherwise);
  });
});

it('goes without a cache where none can be written, and says so', async () => {
  const taken = path.join(await emptyFolder(), 'taken');
  await writeFile(taken, '');
  const model = goldenFolder('gqa-tied');
  const found = await loadModel(model, { storage: 'nf4', cacheFolder: path.join(taken, 'base') });
  expect(found.warnings).toEqual([expect.stringMatching(/^The quantised weights cannot be kept in .* \(ENOTDIR\)\. The run goes on/)]);
  expect({ ...found, warnings: [] }).toEqual(await loadModel(model, { storage: 'nf4' }));
});

it('goes without a cache on a full disk, and leaves nothing of it', async () => {
  const [model, cacheFolder] = [goldenFolder('gqa-tied'), await emptyFolder()];
  const source = `
    import { loadModel } from ${JSON.stringify(pathToFileURL(path.join(import.meta.dirname, '..', 'models', 'load.ts')).href)};
    const options = { storage: 'int8', cacheFolder: ${JSON.stringify(cacheFolder)} };
    const { stored, warnings } = await loadModel(${JSON.stringify(model)}, options);
    console.log(JSON.stringify({ stored: stored.size, warnings }));`;
  // A file that may not grow fails as on a full disk. The signal would end the process; ignored, the write fails.
  const shell = `trap '' XFSZ; ulimit -f 8; exec "$@"`;
  const program = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', source];
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', shell, 'sh', ...program]);
  const { stored } = await loadModel(model, { storage: 'int8' });
  expect(JSON.parse(stdout)).toEqual({ stored: stored?.size, warnings: [expect.stringMatching(/cannot be kept in .* \(EFBIG\)/)] });
  expect(await readdir(cacheFolder)).toEqual([]);
});

it.each<LoadOptions>([{ storage: 'float32' }, { storage: 'float16' }, { storage: 'bfloat16' }])('writes nothing for %j', async (form) => {
  const cacheFolder = await emptyFolder();
  expect((await loadModel(goldenFolder('gqa-tied'), { ...form, cacheFolder })).warnings).toEqual([]);
  await expect(readFile(fileIn(cacheFolder))).rejects.toMatchObject({ code: 'ENOENT' });
});

it('keeps the weights beside the run, and names those that do not fit in its log', async () => {
  // 20 · 40 weights of keys and values are no whole number of blocks.
  const places = await writeTinyModel(await emptyFolder(), { hidden_size: 40 });
  const folder = await emptyFolder();
  const config = parseTrainingConfig({ ...tinyConfig(places, 3), model: { base: places.model, storage: 'nf4' } });
  const events = await collect(config, folder);
  expect((await stat(path.join(folder, 'base', 'weights.safetensors'))).size).toBeGreaterThan(0);
  const warnings = events.flatMap((event) => (event.type === 'log' && event.level === 'warn' ? [event.message] : []));
  expect(warnings).toEqual(
    ['model.layers.0.self_attn.k_proj.weight, model.layers.0.self_attn.v_proj.weight, model.layers.1.self_attn.k_proj.weight, …'].map(
      (names) => `4 of 14 linear weights stay in float32, as they do not fill blocks of 64 for NF4: ${names}.`,
    ),
  );
});
