import { cp, type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { fixedAdapter, openAdapter } from '../adapters/open-adapter.ts';
import { saveAdapter } from '../adapters/peft.ts';
import { bundledModelFolder } from '../bundled/bundled.ts';
import { buildDecodeGraph } from '../generation/decode-graph.ts';
import { Generator } from '../generation/generator.ts';
import { goldenFolder, readGolden, relativeError } from '../golden/cases.ts';
import { type LoadedModel, loadModel } from '../models/load.ts';
import { causalMask, rotaryTables } from '../models/positions.ts';
import { saveModel } from '../models/save.ts';
import { GraphSession } from '../onnx/session.ts';
import { normalSource, randomSource } from '../random.ts';
import { writeTinyModel } from '../testing/index.ts';
import { openModelWeights } from '../weights/model-weights.ts';
import { exportModel } from './export-model.ts';
import { runArtifacts } from './run-artifacts.ts';

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'anneal-export-'));
  out = path.join(folder, 'out');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const adapterOf = (name: string) => path.join(goldenFolder(name), 'adapter');
const readAll = async (at: string) =>
  new Map(await Promise.all((await readdir(at)).map(async (name) => [name, await readFile(path.join(at, name))] as const)));

async function greedy(model: LoadedModel, prompt: readonly number[], maxTokens: number): Promise<number[]> {
  const generator = new Generator({ model, threads: 1 });
  const tokens: number[] = [];
  for await (const [id] of generator.steps([prompt], { maxTokens, seed: 1, endTokens: [], temperature: 0, topK: 0, topP: 1 }))
    if (id != null) tokens.push(id);
  await generator.release();
  return tokens;
}

/** Logits after a prompt, with an adapter beside the weights where one is given. */
async function logits(model: LoadedModel, prompt: readonly number[], adapterFolder?: string): Promise<Float32Array> {
  const { config } = model;
  const adapter = adapterFolder === undefined ? undefined : fixedAdapter(await openAdapter(adapterFolder, model), model);
  const { graph, outputs } = buildDecodeGraph({ ...model, adapter }, { batch: 1, length: prompt.length, past: 0 });
  const weights = new Map([...model.weights, ...(adapter?.weights ?? [])]);
  const session = await GraphSession.compile(graph, { logits: outputs['logits'] ?? expect.fail('no logits') }, weights, { threads: 1 });
  const positions = [...prompt.keys()];
  const angles = 'ropeTheta' in config ? rotaryTables(config, positions, config.maxPositions) : { cos: [], sin: [] };
  const results = await session.run({
    ids: Int32Array.from(prompt),
    positions: Int32Array.from(positions),
    mask: causalMask(prompt.length).data,
    last: Int32Array.of(prompt.length - 1),
    cos: Float32Array.from(angles.cos),
    sin: Float32Array.from(angles.sin),
  });
  await session.release();
  return results.floats('logits');
}

/** Makes an adapter for the attention of a Llama; `rank` beside other settings. */
async function writeAdapter(base: string, settings: { rank: number; alpha: number; dora?: boolean; rsLora?: boolean }): Promise<string> {
  const { family, config } = await loadModel(base);
  const normal = normalSource(randomSource(5));
  const fill = (count: number, scale: number) => Float32Array.from({ length: count }, () => normal() * scale);
  const layers = family.linears(config).filter(({ name }) => /q_proj|up_proj|c_attn/.test(name));
  const tensors = layers.flatMap(({ name, inputs, outputs }) => [
    { name: `${name}.lora_A.weight`, shape: [settings.rank, inputs], data: fill(settings.rank * inputs, 0.1) },
    { name: `${name}.lora_B.weight`, shape: [outputs, settings.rank], data: fill(outputs * settings.rank, 0.1) },
    ...(settings.dora
      ? [{ name: `${name}.lora_magnitude_vector`, shape: [outputs], data: fill(outputs, 0.1).map((value) => 1 + value) }]
      : []),
  ]);
  const adapter = path.join(folder, 'adapter');
  const targetModules = [...new Set(layers.map(({ name }) => name.replace(/^.*\./, '')))];
  await saveAdapter(adapter, { config: { ...settings, targetModules, baseModel: base }, tensors });
  return adapter;
}

describe('merged', () => {
  it.each(['gqa-tied', 'qwen2', 'gpt2'])('writes what PEFT writes with the adapter: %s', async (name) => {
    await exportModel({ format: 'merged', base: goldenFolder(name), adapter: adapterOf(name), out });
    const { prompt = [], tokens = [] } = readGolden(name).generation?.lora ?? {};
    expect(tokens.length).toBeGreaterThan(0);
    expect(await greedy(await loadModel(out), prompt, tokens.length)).toEqual(tokens);
  });

  it.each([
    ['gqa-tied', 'LoRA', {}],
    ['gqa-tied', 'rsLoRA', { rsLora: true }],
    ['gqa-tied', 'DoRA', { dora: true }],
    ['gpt2', 'DoRA', { dora: true }],
  ])('computes the same as %s with %s beside it', async (name, _kind, settings) => {
    const base = goldenFolder(name);
    const adapter = await writeAdapter(base, { rank: 3, alpha: 8, ...settings });
    await exportModel({ format: 'merged', base, adapter, out });
    const [model, prompt] = [await loadModel(base), [5, 1, 9, 2, 30, 7]];
    const [beside, merged, plain] = [
      await logits(model, prompt, adapter),
      await logits(await loadModel(out), prompt),
      await logits(model, prompt),
    ];
    expect(relativeError(merged, beside)).toBeLessThan(2e-6);
    expect(relativeError(plain, beside)).toBeGreaterThan(0.01);
  });

  it('keeps the type of each tensor, and the bytes of those that the adapter does not change', async () => {
    await exportModel({
      format: 'merged',
      base: goldenFolder('sharded-bf16'),
      adapter: adapterOf('sharded-bf16'),
      out,
      shardBytes: 20_000,
    });
    const [before, after] = [await openModelWeights(goldenFolder('sharded-bf16')), await openModelWeights(out)];
    const exact = await loadModel(goldenFolder('sharded-bf16'));
    const settings = z.object({ r: z.number(), lora_alpha: z.number() });
    const { r: rank, lora_alpha: alpha } = settings.parse(
      JSON.parse(await readFile(path.join(adapterOf('sharded-bf16'), 'adapter_config.json'), 'utf8')),
    );
    const adapter = await openModelWeights(await asModelFolder(adapterOf('sharded-bf16')));
    expect(after.names().sort()).toEqual(before.names().sort());
    let changed = 0;
    for (const name of before.names()) {
      expect(after.dtype(name)).toBe('BF16');
      const written = await after.read(name);
      const stem = `base_model.model.${name.replace(/weight$/, '')}`;
      if (!adapter.has(`${stem}lora_A.weight`)) {
        expect(written).toEqual(exact.weights.get(name));
        continue;
      }
      changed++;
      const [a, b] = [await adapter.read(`${stem}lora_A.weight`), await adapter.read(`${stem}lora_B.weight`)];
      const [outputs = 0, inputs = 0] = before.shape(name);
      for (const [output, input] of [
        [0, 0],
        [outputs - 1, 3],
        [5, inputs - 1],
      ] as const) {
        let value = exact.weights.get(name)?.[output * inputs + input] ?? NaN;
        for (let r = 0; r < rank; r++) value += (alpha / rank) * (b[output * rank + r] ?? 0) * (a[r * inputs + input] ?? 0);
        // bfloat16 has 8 significant bits: rounding to nearest is off by 2⁻⁸ at most.
        expect(Math.abs((written[output * inputs + input] ?? NaN) - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -8);
      }
    }
    expect(changed).toBeGreaterThan(0);
    await Promise.all([before, after, adapter].map((file) => file.close()));
  });

  it('splits into shards with an index where it is larger than asked for', async () => {
    const base = goldenFolder('gqa-tied');
    await exportModel({ format: 'merged', base, out, shardBytes: 30_000 });
    const names = (await readdir(out)).filter((name) => name.endsWith('.safetensors')).sort();
    expect(names.length).toBeGreaterThan(2);
    expect(names[0]).toBe(`model-00001-of-0000${names.length}.safetensors`);
    const index = z.object({ metadata: z.object({ total_size: z.int() }), weight_map: z.record(z.string(), z.string()) });
    const { metadata, weight_map: map } = index.parse(JSON.parse(await readFile(path.join(out, 'model.safetensors.index.json'), 'utf8')));
    expect([...new Set(Object.values(map))].sort()).toEqual(names);
    const [whole, sharded] = [await loadModel(base), await loadModel(out)];
    expect(metadata.total_size).toBe([...whole.weights.values()].reduce((sum, data) => sum + data.byteLength, 0));
    expect(sharded.weights).toEqual(whole.weights);
  });

  it('takes tokenizer, configuration and licence along byte for byte', async () => {
    const { model } = await writeTinyModel(folder);
    await writeFile(path.join(model, 'generation_config.json'), '{ "eos_token_id" : [0, 3] }');
    await writeFile(path.join(model, 'LICENSE'), 'Apache-2.0');
    await writeFile(path.join(model, 'optimizer.pt'), 'not part of a model');
    const { files } = await exportModel({ format: 'merged', base: model, adapter: await writeAdapter(model, { rank: 2, alpha: 4 }), out });
    const [before, after] = [await readAll(model), await readAll(out)];
    before.delete('optimizer.pt');
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, content] of before) expect(after.get(name)?.equals(content), name).toBe(name !== 'model.safetensors');
    expect(files.map((file) => file.path).sort()).toEqual([...after.keys()].sort());
    expect((await loadModel(out)).config.eosTokenIds).toEqual([0, 3]);
  });

  it('makes an exact copy of a model that was trained as a whole', async () => {
    await exportModel({ format: 'merged', base: 'bundled', out });
    const [before, after] = [await readAll(bundledModelFolder), await readAll(out)];
    for (const [name, content] of after) expect(before.get(name)?.equals(content), name).toBe(true);
    expect(after.has('model.safetensors')).toBe(true);
  });

  it('tells how far it is, and can be stopped without a trace', async () => {
    const seen: string[] = [];
    await exportModel(
      { format: 'merged', base: goldenFolder('gqa-tied'), out },
      { onProgress: (done, total) => seen.push(`${done}/${total}`) },
    );
    const total = (await loadModel(out)).weights.size;
    expect(seen).toEqual(Array.from({ length: total }, (_, done) => `${done}/${total}`));
    const controller = new AbortController();
    const stopped = path.join(folder, 'stopped');
    const onProgress = (done: number) => {
      if (done === 3) controller.abort(new Error('enough'));
    };
    const control = { signal: controller.signal, onProgress };
    await expect(exportModel({ format: 'merged', base: goldenFolder('gqa-tied'), out: stopped }, control)).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual(['out']);
  });

  it('finds the base that the adapter names', async () => {
    const { model } = await writeTinyModel(folder);
    await exportModel({ format: 'merged', adapter: await writeAdapter(model, { rank: 2, alpha: 4 }), out });
    expect((await loadModel(out)).weights.size).toBe((await loadModel(model)).weights.size);
  });
});

it('finds what a run has learned', async () => {
  await expect(runArtifacts(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await mkdir(path.join(folder, 'artifacts', 'model'), { recursive: true });
  expect(await runArtifacts(folder)).toEqual({ base: path.join(folder, 'artifacts', 'model') });
  await mkdir(path.join(folder, 'artifacts', 'adapter'));
  expect(await runArtifacts(folder)).toEqual({ adapter: path.join(folder, 'artifacts', 'adapter') });
});

describe('adapter', () => {
  it('is copied, with another name of its base where one is given', async () => {
    const { model } = await writeTinyModel(folder);
    const adapter = await writeAdapter(model, { rank: 2, alpha: 4, rsLora: true });
    const before = await readAll(adapter);
    await exportModel({ format: 'adapter', adapter, base: model, out, baseModelName: 'someone/tiny' });
    const after = await readAll(out);
    expect(after.get('adapter_model.safetensors')).toEqual(before.get('adapter_model.safetensors'));
    const config = (content?: Buffer): unknown => JSON.parse(content?.toString('utf8') ?? '');
    expect(config(after.get('adapter_config.json'))).toEqual(
      Object.assign({}, config(before.get('adapter_config.json')), { base_model_name_or_path: 'someone/tiny' }),
    );
    await exportModel({ format: 'adapter', adapter, out: path.join(folder, 'same') });
    expect(await readAll(path.join(folder, 'same'))).toEqual(before);
  });
});

describe('refuses', () => {
  const refusal = (options: Parameters<typeof exportModel>[0], code: string, message: RegExp) =>
    expect(exportModel(options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });

  it('an adapter of another model, and names the tensor', async () => {
    const { model } = await writeTinyModel(folder);
    for (const format of ['merged', 'adapter', 'onnx', 'gguf'] as const)
      await refusal(
        { format, base: model, adapter: adapterOf('gpt2'), out },
        'ADAPTER_BROKEN',
        /does not fit the model: base_model\.model\.transformer\.h\.0\./,
      );
    await refusal(
      { format: 'merged', base: goldenFolder('rope-linear'), adapter: adapterOf('gqa-tied'), out },
      'ADAPTER_BROKEN',
      /_proj\.lora_.* is \[/,
    );
    expect(await readdir(folder)).not.toContain('out');
  });

  it('what is not there', async () => {
    await refusal({ format: 'merged', base: path.join(folder, 'nothing'), out }, 'MODEL_NOT_FOUND', /nothing/);
    await refusal({ format: 'merged', base: goldenFolder('gqa-tied'), adapter: folder, out }, 'ADAPTER_BROKEN', /adapter_config\.json/);
    await refusal({ format: 'gguf', base: goldenFolder('gqa-tied'), out }, 'TOKENIZER_BROKEN', /tokenizer/);
    await refusal({ format: 'merged', out }, 'CONFIG_INVALID', /base: is missing/);
    const { model } = await writeTinyModel(folder);
    const adapter = await writeAdapter(model, { rank: 2, alpha: 4 });
    await rm(model, { recursive: true });
    await refusal({ format: 'merged', adapter, out }, 'CONFIG_INVALID', /names ".*model", which is no folder here/);
    await refusal({ format: 'adapter', base: 'bundled', out }, 'CONFIG_INVALID', /adapter: is missing/);
    await refusal({ format: 'merged', base: 'bundled', out, shardBytes: 0 }, 'CONFIG_INVALID', /shardBytes/);
  });

  it('a folder that holds something, and leaves it alone', async () => {
    await mkdir(out);
    await writeFile(path.join(out, 'notes.txt'), 'mine');
    await refusal({ format: 'merged', base: 'bundled', out }, 'EXPORT_FAILED', /not empty/);
    await refusal({ format: 'merged', base: 'bundled', out: path.join(out, 'notes.txt') }, 'EXPORT_FAILED', /is a file/);
    await refusal({ format: 'merged', base: 'bundled', out: path.join(out, 'notes.txt', 'deeper') }, 'EXPORT_FAILED', /cannot be written/);
    expect((await readAll(out)).get('notes.txt')?.toString()).toBe('mine');
    await mkdir(path.join(folder, 'empty'));
    await exportModel({ format: 'merged', base: 'bundled', out: path.join(folder, 'empty') });
    expect(await readdir(path.join(folder, 'empty'))).toContain('model.safetensors');
  });

  it('weights that are cut off, and leaves nothing half-written', async () => {
    const base = path.join(folder, 'base');
    await cp(goldenFolder('sharded-bf16'), base, { recursive: true });
    const shards = (await readdir(base)).filter((name) => name.endsWith('.safetensors') && name.startsWith('model'));
    await truncate(path.join(base, shards.at(-1) ?? ''), 900);
    await refusal({ format: 'merged', base, out }, 'MODEL_BROKEN', /damaged/);
    expect((await readdir(folder)).sort()).toEqual(['base']);
  });

  it('a disk that gets full, and leaves nothing half-written', async () => {
    const handle = await open(path.join(folder, 'probe'), 'w');
    const write = vi.spyOn(z.custom<FileHandle>((value) => value !== null).parse(Object.getPrototypeOf(handle)), 'write');
    await handle.close();
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    try {
      for (const format of ['merged', 'onnx', 'gguf'] as const) {
        write.mockReset();
        // The header is written, then the disk is full.
        write.mockResolvedValueOnce({ bytesWritten: 1 << 30, buffer: '' }).mockRejectedValue(full);
        await refusal({ format, base: 'bundled', out, inlineBytes: 1 }, 'EXPORT_FAILED', /out cannot be written: ENOSPC.*make room/);
      }
    } finally {
      write.mockRestore();
    }
    expect(await readdir(folder)).toEqual(['probe']);
  });

  it('an adapter that went to infinity', async () => {
    const { model } = await writeTinyModel(folder);
    const adapter = await writeAdapter(model, { rank: 2, alpha: 1e42 });
    await refusal({ format: 'merged', base: model, adapter, out }, 'ADAPTER_BROKEN', /_proj\.weight infinite or not a number/);
    const halves = path.join(folder, 'halves');
    await saveModel(halves, await loadModel(model), 'F16', model);
    const large = await writeAdapter(halves, { rank: 2, alpha: 1e9 });
    await refusal({ format: 'merged', base: halves, adapter: large, out }, 'ADAPTER_BROKEN', /_proj\.weight larger than its type F16/);
    expect((await readdir(folder)).filter((name) => name.startsWith('out'))).toEqual([]);
  });
});

/** The weights of an adapter under the name that a model's have, to be read as they are. */
async function asModelFolder(adapter: string): Promise<string> {
  const copy = path.join(folder, 'adapter-weights');
  await mkdir(copy);
  await cp(path.join(adapter, 'adapter_model.safetensors'), path.join(copy, 'model.safetensors'));
  return copy;
}
