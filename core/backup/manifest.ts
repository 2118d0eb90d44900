import fs from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { Invalid } from '../errors.ts';

const fileSchema = z.object({
  /** Relative to the backup, with slashes. */
  path: z.string().regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))[^\\\0]+$/, 'must stay inside the backup'),
  bytes: z.number().int().min(0),
  /** Hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const manifestSchema = z.object({
  format: z.literal('anneal-backup-1'),
  createdAt: z.iso.datetime(),
  /** `database.sqlite` or `database.dump`, one of the files. */
  database: z.enum(['database.sqlite', 'database.dump']),
  files: z.array(fileSchema),
});

export type BackedUpFile = z.infer<typeof fileSchema>;
/** What is in a backup. Written last: a backup without it is not whole. */
export type Manifest = z.infer<typeof manifestSchema>;

const name = 'manifest.json';

export async function writeManifest(backup: string, manifest: Manifest): Promise<void> {
  await fs.writeFile(path.join(backup, name), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true, mode: 0o600 });
}

/** @throws Invalid when the folder is no backup, or not a whole one */
export async function readManifest(backup: string): Promise<Manifest> {
  const file = path.join(backup, name);
  const text = await fs.readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    const message = `${backup} is no backup, or one that was not finished: there is no ${name} in it.`;
    throw new Invalid(message, [{ path: name, message }]);
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${file} is damaged or of another version of Anneal.`;
    throw new Invalid(message, [{ path: name, message }], { cause: error });
  }
}
