import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { openModelWeights } from './model-weights.ts';

/** Bytes that are looked at in the middle of each tensor. */
const sampleBytes = 4096;

/**
 * A number that tells the weights of a model folder from others without reading them whole: SHA-256 in hexadecimal over name, type, shape,
 * place and a sample of each tensor, and over name, size and time of the last change of each file.
 * @throws EngineError as `openModelWeights`
 */
export async function sourceFingerprint(folder: string): Promise<string> {
  const weights = await openModelWeights(folder);
  try {
    const hash = createHash('sha256');
    const files = new Map<string, { name: string; begin: number; end: number }[]>();
    for (const name of weights.names()) {
      const { path: file, begin, end } = weights.location(name);
      files.set(file, [...(files.get(file) ?? []), { name, begin, end }]);
    }
    for (const [file, tensors] of files) {
      const handle = await open(file, 'r');
      try {
        const { size, mtimeNs } = await handle.stat({ bigint: true });
        hash.update(JSON.stringify([path.relative(folder, file), String(size), String(mtimeNs)]));
        for (const { name, begin, end } of tensors) {
          hash.update(JSON.stringify([name, weights.dtype(name), weights.shape(name), begin, end]));
          const from = Math.max(begin, Math.floor((begin + end - sampleBytes) / 2));
          const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(sampleBytes, end - from)), { position: from });
          hash.update(buffer.subarray(0, bytesRead));
        }
      } finally {
        await handle.close();
      }
    }
    return hash.digest('hex');
  } finally {
    await weights.close();
  }
}
