import type { UploadPurpose } from '@anneal/prisma';
import { z } from 'zod';
import { Invalid, LimitExceeded } from '../errors.ts';

export interface NewUpload {
  projectId: string;
  /** A label: 1–255 characters, no folders. Never part of a path on disk. */
  fileName: string;
  /** Size of the whole file. */
  bytes: number;
  /** Of the whole file, hexadecimal. */
  sha256?: string;
  purpose: UploadPurpose;
}

const noFolders = 'Give the name of the file alone, without folders.';

const schema = z.object({
  fileName: z
    .string()
    .trim()
    .min(1, 'Give the name of the file.')
    .max(255, 'A file name has at most 255 characters.')
    .refine((name) => !/[/\\]/.test(name) && name !== '.' && name !== '..', noFolders)
    .refine((name) => !/[\u0000-\u001f\u007f]/.test(name), 'A file name has no control characters.'),
  bytes: z.int('The size is a whole number of bytes.').min(1, 'The file is empty; there is nothing to upload.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'A SHA-256 has 64 hexadecimal digits.')
    .toLowerCase()
    .nullish()
    .transform((hash) => hash ?? null),
  purpose: z.enum(['DATASET', 'MODEL']),
});

/**
 * @param limitBytes of the largest file
 * @throws Invalid with an issue for each field that is wrong, LimitExceeded
 */
export function validUpload(input: NewUpload, limitBytes: number): z.output<typeof schema> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    throw new Invalid(`The upload is not valid. ${issues.map(({ path, message }) => `${path}: ${message}`).join(' ')}`, issues);
  }
  if (parsed.data.bytes > limitBytes) {
    throw new LimitExceeded(
      `The file has ${parsed.data.bytes} bytes, but this studio takes at most ${limitBytes} (UPLOAD_LIMIT_BYTES). Send less, or ask whoever runs it to raise the limit.`,
    );
  }
  return parsed.data;
}
