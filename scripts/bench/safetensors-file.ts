import fs from 'node:fs';

/** Writes an fp32 safetensors file a tensor at a time, in the order given, so that a large model never lies in memory whole. */
export function createSafetensorsFile(file: string, tensors: readonly { name: string; shape: readonly number[] }[]) {
  let end = 0;
  const entries = tensors.map(({ name, shape }) => {
    const begin = end;
    end += 4 * shape.reduce((product, size) => product * size, 1);
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const header = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) }));
  const padded = Buffer.alloc(Math.ceil(header.length / 8) * 8, ' ');
  header.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const descriptor = fs.openSync(file, 'w');
  fs.writeSync(descriptor, length);
  fs.writeSync(descriptor, padded);
  return {
    append(values: Float32Array) {
      fs.writeSync(descriptor, values);
    },
    [Symbol.dispose]() {
      fs.closeSync(descriptor);
    },
  };
}
