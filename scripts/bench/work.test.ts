import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRandom } from './random.ts';
import { createSafetensorsFile } from './safetensors-file.ts';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-bench-'));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

it('writes tensors one after the other behind a header', () => {
  const file = path.join(folder, 'model.safetensors');
  const tensors = [
    { name: 'a', shape: [2, 2] },
    { name: 'b', shape: [3] },
  ];
  {
    using output = createSafetensorsFile(file, tensors);
    output.append(Float32Array.of(1, 2, 3, 4));
    output.append(Float32Array.of(5, 6, 7));
  }
  const bytes = fs.readFileSync(file);
  const data = 8 + Number(bytes.readBigUInt64LE(0));
  expect(data % 8).toBe(0);
  expect(JSON.parse(bytes.toString('utf8', 8, data))).toMatchObject({
    a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
    b: { dtype: 'F32', shape: [3], data_offsets: [16, 28] },
  });
  expect(new Float32Array(bytes.buffer.slice(bytes.byteOffset + data, bytes.byteOffset + bytes.length))).toEqual(
    Float32Array.of(1, 2, 3, 4, 5, 6, 7),
  );
});

it('draws the same normal numbers from the same seed', () => {
  const draw = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 20_000 }, () => random.normal());
  };
  const values = draw(7);
  expect(draw(7)).toEqual(values);
  expect(draw(8)).not.toEqual(values);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.03);
});
