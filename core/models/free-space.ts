import fs from 'node:fs/promises';
import { Unavailable } from '../errors.ts';

/** What stays free on the disk for the database and the runs. Bytes. */
const reserve = 512 * 2 ** 20;

const inGigabytes = (bytes: number): string => `${(Math.max(0, bytes) / 1e9).toFixed(1)} GB`;

/**
 * Makes sure that so much more can be written into a folder.
 * @param bytes to come
 * @throws Unavailable saying how much is missing
 */
export async function freeSpaceFor(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await fs.statfs(folder);
  const free = bavail * bsize - reserve;
  if (bytes <= free) return;
  throw new Unavailable(
    `This needs ${inGigabytes(bytes)}, and the disk of ${folder} has ${inGigabytes(free)} to spare. Make room, or set DATA_DIR to a larger disk.`,
  );
}
