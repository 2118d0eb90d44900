import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import path from 'node:path';
import { EngineError } from '../errors.ts';

/**
 * Sealed files: encrypted and authenticated in chunks, so that any part can be read without the rest.
 *
 *     header   8 bytes "ANNEALS1", 32 bytes salt
 *     chunk    12 bytes nonce, up to 64 KiB of AES-256-GCM ciphertext, 16 bytes tag; the last one may be shorter
 *
 * As in STREAM (Hoang, Reyhanitabar, Rogaway & Vizár 2015, "Online Authenticated-Encryption and its Nonce-Reuse
 * Misuse-Resistance") every chunk is bound to its number and to whether it is the last, so chunks cannot be reordered, left out or
 * cut off at the end. Both are in the associated data rather than in the nonce: an upload that was cut writes its last chunk again,
 * and a nonce at random (NIST SP 800-38D, 8.2.2) is then a new one. Each file has a key of its own (HKDF-SHA256, RFC 5869) from
 * the salt and the file's place, so that neither chunks nor whole files can be exchanged.
 */
const magic = Buffer.from('ANNEALS1');
const saltBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Plain bytes of a chunk; of the last one at most. */
export const chunkBytes = 64 * 1024;
export const headerBytes = magic.length + saltBytes;
/** On disk, a whole chunk. */
export const sealedChunkBytes = nonceBytes + chunkBytes + tagBytes;
export const keyBytes = 32;

/** What sealed files are called, behind the name that they would have otherwise. */
export const sealedSuffix = '.sealed';

export const isSealed = (file: string): boolean => file.endsWith(sealedSuffix);

/** What a file is bound to: its folder and the first part of its name. What is behind a dot may change. */
const placeOf = (file: string): string => `${path.basename(path.dirname(file))}/${path.basename(file).split('.', 1)[0] ?? ''}`;

export const newHeader = (): Buffer => Buffer.concat([magic, randomBytes(saltBytes)]);

/** The key of one file. @throws EngineError `DATASET_INVALID` where the header is none */
export function fileKey(file: string, header: Buffer, masterKey: Buffer): Buffer {
  if (header.length < headerBytes || !header.subarray(0, magic.length).equals(magic)) throw unreadable(file);
  const salt = header.subarray(magic.length, headerBytes);
  return Buffer.from(hkdfSync('sha256', masterKey, salt, `anneal sealed file ${placeOf(file)}`, keyBytes));
}

/** @param index of the chunk, from 0 */
export function sealChunk(key: Buffer, index: number, isLast: boolean, plain: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(position(index, isLast));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws EngineError `DATASET_INVALID` where it is not the chunk that was sealed for this place */
export function openChunk(file: string, key: Buffer, index: number, isLast: boolean, sealed: Buffer): Buffer {
  if (sealed.length < nonceBytes + tagBytes) throw unreadable(file);
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(position(index, isLast));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Chunks and plain bytes of a finished file of this size on disk. */
export function sealedSizes(file: string, fileBytes: number): { chunks: number; bytes: number } {
  const body = fileBytes - headerBytes;
  const chunks = Math.ceil(body / sealedChunkBytes);
  const bytes = body - chunks * (nonceBytes + tagBytes);
  // The last chunk is empty only where there is nothing at all.
  if (chunks < 1 || bytes < (chunks - 1) * chunkBytes + (chunks > 1 ? 1 : 0)) throw unreadable(file);
  return { chunks, bytes };
}

function position(index: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeBigUInt64BE(BigInt(index));
  bytes[8] = isLast ? 1 : 0;
  return bytes;
}

const unreadable = (file: string, cause?: unknown): EngineError =>
  new EngineError(
    'DATASET_INVALID',
    `The encrypted file ${path.basename(path.dirname(file))}/${path.basename(file)} cannot be read: it was changed or cut off, or encrypted with another key. Restore it, or the key, from a backup.`,
    { cause },
  );
