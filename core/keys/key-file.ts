import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Unavailable } from '../errors.ts';

const bytesAKey = 32;

/**
 * A secret key of this studio, made when it is asked for the first time: 32 random bytes in DATA_DIR/keys, for the owner's eyes only.
 * @param name of the file: `links`
 * @throws Unavailable when it cannot be read or written, or has another length
 */
export function keyFile(dataFolder: string, name: string): Buffer {
  const folder = path.join(dataFolder, 'keys');
  const file = path.join(folder, `${name}.key`);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Two servers on one folder may both find none: the first one's counts.
    if (!fs.existsSync(file)) create(file);
    const key = fs.readFileSync(file);
    if (key.length !== bytesAKey) throw new Error(`it has ${key.length} bytes in place of ${bytesAKey}`);
    return key;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Unavailable(
      `The key ${file} cannot be used: ${reason}. Restore it from a backup; without it, what was made with it is lost.`,
      {
        cause: error,
      },
    );
  }
}

/** Written aside and linked: the file is there whole or not at all, and is never written over. */
function create(file: string): void {
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  fs.writeFileSync(aside, randomBytes(bytesAKey), { mode: 0o600, flush: true });
  try {
    fs.linkSync(aside, file);
  } catch (error) {
    if (!fs.existsSync(file)) throw error;
  } finally {
    fs.rmSync(aside);
  }
}
