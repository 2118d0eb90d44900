import fs from 'node:fs/promises';

export interface Lines {
  texts: string[];
  /** Behind the last of them. */
  offset: number;
}

const newline = 0x0a;

/**
 * Whole lines of a growing file from an offset on; a line whose end is not written yet is left for later.
 * A file that is shorter than the offset is read from its beginning; one that is missing is empty.
 * @param most lines
 * @param blockSize bytes; longer lines are read too.
 */
export async function readLines(file: string, offset: number, most: number, blockSize = 1 << 20): Promise<Lines> {
  const handle = await fs.open(file, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (!handle) return { texts: [], offset };
  try {
    const { size } = await handle.stat();
    const start = size < offset ? 0 : offset;
    for (let length = Math.min(blockSize, size - start); length > 0; length = Math.min(length * 2, size - start)) {
      const block = Buffer.alloc(length);
      const { bytesRead } = await handle.read(block, 0, length, start);
      const lines = splitLines(block.subarray(0, bytesRead), most);
      if (lines.texts.length > 0 || start + length >= size || bytesRead < length)
        return { texts: lines.texts, offset: start + lines.bytes };
    }
    return { texts: [], offset: start };
  } finally {
    await handle.close();
  }
}

function splitLines(block: Buffer, most: number): { texts: string[]; bytes: number } {
  const texts: string[] = [];
  let start = 0;
  for (let end = block.indexOf(newline); end >= 0 && texts.length < most; end = block.indexOf(newline, start)) {
    texts.push(block.toString('utf8', start, end));
    start = end + 1;
  }
  return { texts, bytes: start };
}
