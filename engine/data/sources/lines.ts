import { largestRowBytes } from './row.ts';

export interface Line {
  /** From 1. */
  number: number;
  /** Bytes from the beginning of the stream to the beginning of the line. */
  offset: number;
  /** Without the line break; null where there are more than `largestRowBytes`. */
  bytes: Buffer | null;
}

const lineBreak = 0x0a;

/** Cuts a stream into lines, some at a time. Needs memory for one chunk and one line, whatever the length of the stream. */
export async function* splitLines(stream: AsyncIterable<Buffer>): AsyncGenerator<Line[]> {
  let rest: Buffer[] = [];
  let [restLength, tooLong] = [0, false];
  let [number, offset] = [0, 0];
  const take = (end: Buffer): Line => {
    const length = restLength + end.length;
    const whole = tooLong || length > largestRowBytes ? null : rest.length === 0 ? end : Buffer.concat([...rest, end]);
    const line = { number: ++number, offset, bytes: whole };
    offset += length + 1;
    [rest, restLength, tooLong] = [[], 0, false];
    return line;
  };
  for await (const chunk of stream) {
    const lines: Line[] = [];
    let from = 0;
    for (let end = chunk.indexOf(lineBreak); end >= 0; end = chunk.indexOf(lineBreak, from)) {
      lines.push(take(chunk.subarray(from, end)));
      from = end + 1;
    }
    if (lines.length > 0) yield lines;
    restLength += chunk.length - from;
    tooLong ||= restLength > largestRowBytes;
    if (tooLong) rest = [];
    else if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (restLength > 0) yield [take(Buffer.alloc(0))];
}
