import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { goldenAdapter, goldenCases, goldenFolder, goldenTensors, readGolden, relativeError } from '../golden/cases.ts';
import { Graph } from '../graph/graph.ts';
import { gemm } from '../graph/ops/matmul.ts';
import { GraphSession } from '../onnx/session.ts';
import { tokenPlaces } from '../training/token-places.ts';
import { readSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import type { GraphAdapter } from '../adapters/lora.ts';
import { forwardContext } from './context.ts';
import { initializeModel } from './initialize.ts';
import { type LoadedModel, loadModel } from './load.ts';

/** Logits [b · s, vocabulary] of a batch. */
async function logitsOf(
  model: LoadedModel,
  ids: readonly (readonly number[])[],
  adapter?: GraphAdapter,
  tuned: [string, Float32Array][] = [],
) {
  const [batch, length] = [ids.length, ids[0]?.length ?? 0];
  const graph = new Graph();
  const context = forwardContext(graph, model.family.parameters(model.config), adapter);
  const { hidden, head } = model.family.forward(context, model.config, {
    ids: graph.input('ids', 'int32', [batch * length]),
    batch,
    length,
    ...tokenPlaces(graph, model.config, { batch, length, packed: false }, 'float32'),
  });
  const logits = gemm(graph, hidden, head, undefined, { transposeB: true });
  const session = await GraphSession.compile(graph, { logits }, new Map([...model.weights, ...tuned]), { threads: 1 });
  const results = await session.run({ ids: Int32Array.from(ids.flat()) });
  const data = results.numbers('logits');
  await session.release();
  return data;
}

describe.each(goldenCases)('%s against PyTorch and PEFT', (name) => {
  const { input_ids: ids, attention_mask: seen } = readGolden(name).batch;

  it.each(['base', 'lora'] as const)('gives the logits of every position (%s)', async (which) => {
    const model = await loadModel(goldenFolder(name));
    const expected = (await goldenTensors(name)).get(which === 'lora' ? 'lora.logits' : 'logits')?.data ?? [];
    const { adapter, trainable } = await goldenAdapter(name);
    const tuned = trainable.map(({ name: key, data }): [string, Float32Array] => [key, data]);
    const logits = which === 'lora' ? await logitsOf(model, ids, adapter, tuned) : await logitsOf(model, ids);
    const width = model.config.vocabularySize;
    seen.flat().forEach((real, row) => {
      const part = (all: ArrayLike<number>) => Array.from({ length: width }, (_, column) => all[row * width + column] ?? NaN);
      if (real) expect(relativeError(part(logits), part(expected)), `position ${row}`).toBeLessThan(2e-5);
    });
  });

  it('lists linear layers whose weights are there, in the layout that they have', async () => {
    const { family, config } = await loadModel(goldenFolder(name));
    const parameters = family.parameters(config);
    const { adapter } = await goldenAdapter(name);
    const linears = family.linears(config);
    // PEFT was told to adapt every linear layer.
    expect([...adapter.tensors.keys()].sort()).toEqual(
      linears.flatMap((linear) => [`${linear.name}.lora_A.weight`, `${linear.name}.lora_B.weight`]).sort(),
    );
    for (const { name: layer, inputs, outputs, layout } of linears) {
      expect(parameters.get(`${layer}.weight`)).toEqual(layout === 'out-in' ? [outputs, inputs] : [inputs, outputs]);
      expect(adapter.tensors.get(`${layer}.lora_A.weight`)?.[1]).toBe(inputs);
      expect(adapter.tensors.get(`${layer}.lora_B.weight`)?.[0]).toBe(outputs);
    }
  });
});

describe('a folder', () => {
  const inCopy = async (name: string, work: (folder: string) => Promise<void>) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'anneal-model-'));
    try {
      await cp(goldenFolder(name), folder, { recursive: true });
      await work(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  const rename = async (folder: string, change: (name: string) => string) => {
    const file = path.join(folder, 'model.safetensors');
    const { tensors } = await readSafetensors(file);
    await writeSafetensors(
      file,
      [...tensors].map(([name, { shape, data }]) => ({ name: change(name), dtype: 'F32' as const, shape, data })),
    );
  };

  it('may leave out the first part of the names, as the first GPT-2 does', () =>
    inCopy('gpt2', async (folder) => {
      const whole = await loadModel(folder);
      await rename(folder, (name) => name.replace(/^transformer\./, ''));
      expect((await loadModel(folder)).weights).toEqual(whole.weights);
    }));

  it('is refused where a tensor is missing or of another shape', () =>
    inCopy('qwen3', async (folder) => {
      const config = path.join(folder, 'config.json');
      const fields = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(config, 'utf8')));
      await writeFile(config, JSON.stringify({ ...fields, num_key_value_heads: 4 }));
      const message = /tensor model\.layers\.0\.self_attn\.k_proj\.weight has the shape \[32, 32\], config\.json calls for \[64, 32\]/;
      await expect(loadModel(folder)).rejects.toThrow(message);
      await writeFile(config, JSON.stringify(fields));
      await rename(folder, (name) => name.replace('layers.1.self_attn.q_norm', 'layers.1.self_attn.other'));
      await expect(loadModel(folder)).rejects.toThrow('has no tensor model.layers.1.self_attn.q_norm.weight');
    }));

  it.each(['gemma', 'gpt2', 'qwen3'])('of %s is initialised with norms that change nothing', (name) =>
    inCopy(name, async (folder) => {
      const { weights, family } = await initializeModel(folder, 1);
      const norms = [...weights].filter(([key, data]) => key.endsWith('.weight') && data.every((value) => value === family.restingNorm));
      const vectors = [...family.parameters((await loadModel(folder)).config)].filter(
        ([key, shape]) => key.endsWith('.weight') && shape.length === 1,
      );
      expect(norms.map(([key]) => key)).toEqual(vectors.map(([key]) => key));
    }),
  );
});
