import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSafetensors, writeSafetensors } from './safetensors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-safetensors-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A file with any header, true or not. */
async function fileWith(header: unknown, data: Uint8Array = new Uint8Array(0), claimedLength?: bigint): Promise<string> {
  const json = typeof header === 'string' ? Buffer.from(header) : Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimedLength ?? BigInt(json.length));
  const path = join(folder, 'hostile.safetensors');
  await writeFile(path, Buffer.concat([length, json, data]));
  return path;
}

async function refusal(path: string): Promise<string> {
  const file = await openSafetensors(path).catch((error: unknown) => error);
  expect(file).toMatchObject({ name: 'EngineError', code: 'MODEL_BROKEN' });
  return file instanceof Error ? file.message : '';
}

describe('round trip', () => {
  it('gives F32 back to the bit, BF16 and F16 rounded, with shapes and metadata', async () => {
    const path = join(folder, 'model.safetensors');
    const values = Float32Array.of(1, -2.5, 1e-30, 3.14159, 0.1, -0);
    await writeSafetensors(
      path,
      [
        { name: 'half', dtype: 'F16', shape: [3, 2], data: values },
        { name: 'full', dtype: 'F32', shape: [2, 3], data: values },
        { name: 'brain', dtype: 'BF16', shape: [6], data: values },
        { name: 'nothing', dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
        { name: 'scalar', dtype: 'F32', shape: [], data: Float32Array.of(7) },
      ],
      { format: 'pt' },
    );
    const file = await openSafetensors(path);
    expect(file.metadata).toEqual({ format: 'pt' });
    expect([...file.tensors.keys()]).toEqual(['full', 'nothing', 'scalar', 'brain', 'half']);
    expect(await file.read('full')).toEqual(values);
    expect(await file.read('nothing')).toEqual(new Float32Array(0));
    expect(await file.read('scalar')).toEqual(Float32Array.of(7));
    expect(await file.read('brain')).toEqual(Float32Array.of(1, -2.5, 9.98402083170343e-31, 3.140625, 0.10009765625, -0));
    expect(await file.read('half')).toEqual(Float32Array.of(1, -2.5, 0, 3.140625, 0.0999755859375, -0));
    expect(file.tensors.get('half')).toMatchObject({ dtype: 'F16', shape: [3, 2] });
    expect((await file.readBytes('full')).length).toBe(24);
    await file.close();
  });

  it('gives whole numbers of one byte back, also out of larger buffers', async () => {
    const path = join(folder, 'codes.safetensors');
    const signed = Int8Array.of(9, -128, -1, 0, 127).subarray(1);
    await writeSafetensors(path, [
      { name: 'unsigned', dtype: 'U8', shape: [2], data: Uint8Array.of(0, 255) },
      { name: 'signed', dtype: 'I8', shape: [2, 2], data: signed },
    ]);
    const file = await openSafetensors(path);
    expect(file.tensors.get('signed')).toMatchObject({ dtype: 'I8', shape: [2, 2] });
    expect([...new Int8Array((await file.readBytes('signed')).buffer)]).toEqual([...signed]);
    expect([...(await file.readBytes('unsigned'))]).toEqual([0, 255]);
    await file.close();
  });

  it('holds for tensors larger than one chunk, and for parts of larger buffers', async () => {
    const path = join(folder, 'large.safetensors');
    const whole = Float32Array.from({ length: (1 << 21) * 2 + 5 }, (_, i) => i % 251);
    const data = whole.subarray(3);
    const { bytes } = await writeSafetensors(path, [
      { name: 'a', dtype: 'BF16', shape: [data.length], data },
      { name: 'b', dtype: 'F32', shape: [data.length], data },
    ]);
    const file = await openSafetensors(path);
    expect(file.bytes).toBe(bytes);
    for (const name of ['a', 'b'])
      expect(Buffer.compare(Buffer.from((await file.read(name)).buffer), Buffer.from(data.slice().buffer))).toBe(0);
    await file.close();
  });

  it('writes the same bytes for the same tensors in any order, and leaves nothing beside', async () => {
    const a = { name: 'a', dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
    const b = { name: 'b', dtype: 'BF16', shape: [1], data: Float32Array.of(2) } as const;
    const one = await writeSafetensors(join(folder, 'one'), [a, b]);
    const two = await writeSafetensors(join(folder, 'two'), [b, a]);
    expect(two).toEqual(one);
    expect(await readFile(join(folder, 'two'))).toEqual(await readFile(join(folder, 'one')));
    expect((await readdir(folder)).sort()).toEqual(['one', 'two']);
  });

  it('keeps the old file when writing fails', async () => {
    const path = join(folder, 'kept.safetensors');
    await writeSafetensors(path, [{ name: 'a', dtype: 'F32', shape: [1], data: Float32Array.of(1) }]);
    await expect(writeSafetensors(path, [{ name: 'a', dtype: 'F32', shape: [2], data: Float32Array.of(1) }])).rejects.toThrow(
      'its shape [2] needs 2',
    );
    const twice = { name: 'a', dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
    await expect(writeSafetensors(path, [twice, twice])).rejects.toThrow('used twice');
    const file = await openSafetensors(path);
    expect(await file.read('a')).toEqual(Float32Array.of(1));
    await file.close();
  });

  it('reads double precision, and gives other types as bytes only', async () => {
    const data = new Uint8Array(new Float64Array([0.5, -3]).buffer);
    const path = await fileWith(
      { x: { dtype: 'F64', shape: [2], data_offsets: [0, 16] }, y: { dtype: 'I8', shape: [2], data_offsets: [16, 18] } },
      Buffer.concat([data, Buffer.from([1, 2])]),
    );
    const file = await openSafetensors(path);
    expect(await file.read('x')).toEqual(Float32Array.of(0.5, -3));
    expect(await file.readBytes('y')).toEqual(Uint8Array.of(1, 2));
    await expect(file.read('y')).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
    await expect(file.read('z')).rejects.toThrow('no tensor "z"');
    await file.close();
  });
});

describe('refuses', () => {
  const tensor = (begin: number, end: number, shape: number[] = [(end - begin) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });

  it('a file that is truncated at any byte', async () => {
    const path = join(folder, 'cut.safetensors');
    const { bytes } = await writeSafetensors(path, [{ name: 'weight', dtype: 'F32', shape: [2, 2], data: new Float32Array(4) }]);
    for (let length = bytes - 1; length >= 0; length--) {
      await truncate(path, length);
      expect(await refusal(path)).toContain(path);
    }
  });

  it('a file with bytes after its last tensor', async () => {
    expect(await refusal(await fileWith({ x: tensor(0, 4) }, new Uint8Array(8)))).toContain('its tensors end at byte');
  });

  it('a header length beyond the file, or beyond reason, without reading it', async () => {
    expect(await refusal(await fileWith('{}', new Uint8Array(0), 1000n))).toContain('claims to be 1000 bytes');
    expect(await refusal(await fileWith('{}', new Uint8Array(0), 0xffff_ffff_ffff_ffffn))).toContain(
      'claims to be 18446744073709551615 bytes',
    );
    expect(await refusal(await fileWith('{}', new Uint8Array(0), 100_000_001n))).toContain('at most 100000000');
  });

  it('a header that is not a JSON object', async () => {
    expect(await refusal(await fileWith('{"x": '))).toContain('not valid JSON');
    expect(await refusal(await fileWith('[]'))).toContain('not a JSON object');
    expect(await refusal(await fileWith('null'))).toContain('not a JSON object');
    const path = await fileWith('{}');
    await writeFile(path, Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([0x22, 0xff, 0x22])]));
    expect(await refusal(path)).toContain('not UTF-8');
  });

  it('entries that are not what the format says, naming the tensor', async () => {
    const wrong: [unknown, string][] = [
      [{ dtype: 'F32', shape: [1] }, '"data_offsets"'],
      [{ dtype: 'F32', shape: [-1], data_offsets: [0, 4] }, '"shape.0"'],
      [{ dtype: 'F32', shape: [1.5], data_offsets: [0, 4] }, '"shape.0"'],
      [{ dtype: 'F32', shape: 'x', data_offsets: [0, 4] }, '"shape"'],
      [{ dtype: 'F32', shape: [1], data_offsets: [0] }, '"data_offsets'],
      [{ dtype: 'Q4', shape: [1], data_offsets: [0, 4] }, 'unknown type "Q4"'],
      [{ dtype: 'toString', shape: [1], data_offsets: [0, 4] }, 'unknown type "toString"'],
      [null, 'tensor "weight"'],
    ];
    for (const [entry, expected] of wrong) {
      const message = await refusal(await fileWith({ weight: entry }, new Uint8Array(4)));
      expect(message).toContain(expected);
      expect(message).toContain('tensor "weight"');
    }
    expect(await refusal(await fileWith({ __metadata__: { a: 1 } }))).toContain('__metadata__');
  });

  it('a range that shape and type do not fill, saying how many bytes each has', async () => {
    const message = await refusal(await fileWith({ weight: tensor(0, 8, [3]) }, new Uint8Array(8)));
    expect(message).toContain('F32 [3], which needs 12 bytes');
    expect(message).toContain('(8 bytes)');
    expect(await refusal(await fileWith({ weight: tensor(8, 4, [1]) }, new Uint8Array(8)))).toContain('needs 4 bytes');
    expect(await refusal(await fileWith({ weight: tensor(0, 8, [2 ** 40, 2 ** 40]) }, new Uint8Array(8)))).toContain('which needs');
  });

  it('holes, overlaps and ranges outside of the file', async () => {
    expect(await refusal(await fileWith({ x: tensor(4, 8) }, new Uint8Array(8)))).toContain('hole between the header and tensor "x"');
    expect(await refusal(await fileWith({ x: tensor(0, 4), y: tensor(8, 12) }, new Uint8Array(12)))).toContain(
      'hole between tensor "x" and tensor "y"',
    );
    expect(await refusal(await fileWith({ x: tensor(0, 8), y: tensor(4, 12) }, new Uint8Array(12)))).toContain(
      'shared by tensor "x" and tensor "y"',
    );
    expect(await refusal(await fileWith({ x: tensor(0, 800) }, new Uint8Array(8)))).toContain('the file has');
  });

  it('a path without a file', async () => {
    await expect(openSafetensors(join(folder, 'none.safetensors'))).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(openSafetensors(folder)).rejects.toMatchObject({ name: 'EngineError' });
  });

  it('garbage of any kind, with an EngineError and nothing else', async () => {
    const path = join(folder, 'good.safetensors');
    await writeSafetensors(path, [
      { name: 'a', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) },
      { name: 'b', dtype: 'BF16', shape: [2], data: Float32Array.of(1, 2) },
    ]);
    const good = await readFile(path);
    const headerEnd = 8 + Number(good.readBigUInt64LE(0));
    for (let position = 0; position < headerEnd; position++) {
      for (const byte of [0x00, 0x22, 0x39, 0xff]) {
        const bad = Buffer.from(good);
        bad[position] = byte;
        await writeFile(path, bad);
        await openSafetensors(path).then(
          (file) => file.close(),
          (error: unknown) => expect(error).toMatchObject({ name: 'EngineError', code: 'MODEL_BROKEN' }),
        );
      }
    }
  });
});
