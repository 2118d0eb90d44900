import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openModelWeights } from './model-weights.ts';
import { writeSafetensors } from './safetensors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-weights-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tensor = (name: string, ...values: number[]) =>
  ({ name, dtype: 'F32', shape: [values.length], data: Float32Array.from(values) }) as const;
const writeIndex = (map: unknown) => writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));

it('reads a single file', async () => {
  const { bytes } = await writeSafetensors(join(folder, 'model.safetensors'), [tensor('a', 1, 2), tensor('b', 3)]);
  const weights = await openModelWeights(folder);
  expect(weights.names()).toEqual(['a', 'b']);
  expect([weights.has('a'), weights.has('c')]).toEqual([true, false]);
  expect([weights.shape('a'), weights.dtype('a'), weights.bytes]).toEqual([[2], 'F32', bytes]);
  expect(await weights.read('b')).toEqual(Float32Array.of(3));
  expect(weights.location('b')).toMatchObject({ path: join(folder, 'model.safetensors'), end: bytes });
  expect(() => weights.shape('c')).toThrow('no tensor "c"');
  await weights.close();
});

it('reads shards, each tensor from the shard that the index names', async () => {
  await mkdir(join(folder, 'parts'));
  await writeSafetensors(join(folder, 'one.safetensors'), [tensor('a', 1), tensor('both', 1)]);
  await writeSafetensors(join(folder, 'parts', 'two.safetensors'), [tensor('b', 2), tensor('both', 2)]);
  await writeIndex({ a: 'one.safetensors', b: 'parts/two.safetensors', both: 'one.safetensors' });
  const weights = await openModelWeights(folder);
  expect(weights.names()).toEqual(['a', 'b', 'both']);
  expect([await weights.read('a'), await weights.read('b'), await weights.read('both')]).toEqual([
    Float32Array.of(1),
    Float32Array.of(2),
    Float32Array.of(1),
  ]);
  await weights.close();
});

it('refuses shards outside of the folder', async () => {
  for (const path of ['../other.safetensors', '/etc/passwd', 'a/../../b', 'C:\\model', '\\\\host\\share', '..\\x', '', 'x\0y']) {
    await writeIndex({ a: path });
    await expect(openModelWeights(folder), path).rejects.toThrow('not inside the model folder');
  }
});

it('says what is missing or wrong with shards', async () => {
  await writeSafetensors(join(folder, 'one.safetensors'), [tensor('a', 1)]);
  await writeIndex({ a: 'one.safetensors', b: 'two.safetensors' });
  await expect(openModelWeights(folder)).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: expect.stringContaining('two.safetensors, which is missing'),
  });
  await writeIndex({ b: 'one.safetensors' });
  await expect(openModelWeights(folder)).rejects.toMatchObject({
    code: 'MODEL_BROKEN',
    message: expect.stringContaining('holds tensor "b"'),
  });
  for (const map of [{}, [], { a: 1 }, null]) {
    await writeIndex(map);
    await expect(openModelWeights(folder)).rejects.toMatchObject({ code: 'MODEL_BROKEN', message: expect.stringContaining('weight_map') });
  }
  await writeFile(join(folder, 'model.safetensors.index.json'), '{');
  await expect(openModelWeights(folder)).rejects.toMatchObject({
    code: 'MODEL_BROKEN',
    message: expect.stringContaining('not valid JSON'),
  });
});

it('refuses pickles, and says how to convert them', async () => {
  await writeFile(join(folder, 'pytorch_model.bin'), 'pickle');
  await expect(openModelWeights(folder)).rejects.toMatchObject({
    code: 'MODEL_UNSUPPORTED',
    message: expect.stringMatching(/pytorch_model\.bin.*safetensors.*save_pretrained/s),
  });
});

it('tells a missing folder from one without weights', async () => {
  await expect(openModelWeights(folder)).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: expect.stringContaining('has no weights'),
  });
  await expect(openModelWeights(join(folder, 'none'))).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: expect.stringContaining('no model folder'),
  });
});
