import fs from 'node:fs/promises';
import type { PrismaClient } from '@anneal/prisma';
import { Unavailable } from '../errors.ts';

/** What is left free for everything else: journals, checkpoints, the database. Bytes. */
const reserve = 256 * 1024 * 1024;

/**
 * Refuses a file for which the disk has no room, what is promised to other uploads counted in.
 * @throws Unavailable
 */
export async function checkRoom(prisma: PrismaClient, dataFolder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await fs.statfs(dataFolder);
  const open = await prisma.upload.aggregate({ where: { finishedAt: null }, _sum: { bytes: true, received: true } });
  const promised = Math.max(0, (open._sum.bytes ?? 0) - (open._sum.received ?? 0));
  const room = Math.max(0, bavail * bsize - promised - reserve);
  if (bytes <= room) return;
  throw new Unavailable(
    `The file has ${bytes} bytes, but the studio's disk has room for ${Math.floor(room)} more. Delete what is no longer needed, or ask whoever runs the studio for more room.`,
  );
}
