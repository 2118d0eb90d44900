import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knownFields } from '../formats/formats.ts';
import { openSource } from '../source.ts';
import { openRowFile } from './file.ts';
import type { ReadRow } from './row.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-sources-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readFileRows(path: string): Promise<{ kind: string; rows: ReadRow[] }> {
  const file = await openRowFile(path, knownFields);
  const rows: ReadRow[] = [];
  for await (const some of file.rows()) rows.push(...some);
  return { kind: file.kind, rows };
}
async function read(name: string, content: string | Uint8Array) {
  const path = join(folder, name);
  await writeFile(path, content);
  return readFileRows(path);
}
const golden = (name: string): string => fileURLToPath(new URL(`../golden/${name}.parquet`, import.meta.url));

describe('CSV', () => {
  it('gives texts by the names in the header, and the lines where rows begin', async () => {
    const content = '\ufeff"instruction", output ,\r\n"Say ""hi"",\r\nplease",hi,1\r\n\r\nnext,"",2\n"last","y\nz",3';
    expect(await read('a.csv', content)).toEqual({
      kind: 'csv',
      rows: [
        { number: 2, value: { instruction: 'Say "hi",\r\nplease', output: 'hi' } },
        { number: 5, value: { instruction: 'next', output: '' } },
        { number: 6, value: { instruction: 'last', output: 'y\nz' } },
      ],
    });
  });

  it.each([
    ['\t', 'tsv'],
    [';', 'csv'],
    ['|', 'csv'],
    [',', 'data'],
    [',', 'jsonl'],
  ])('is told by its header, separated by %j, named .%s', async (delimiter, extension) => {
    const content = [`prompt${delimiter}completion`, `a, b${delimiter}"c; d"`]
      .join('\n')
      .replace('a, b', delimiter === ',' ? '"a, b"' : 'a, b');
    expect(await read(`b.${extension}`, content)).toEqual({
      kind: 'csv',
      rows: [{ number: 2, value: { prompt: 'a, b', completion: 'c; d' } }],
    });
  });

  it('names rows with cells too many or few, and those that are not UTF-8', async () => {
    const content = Buffer.concat([Buffer.from('text,n\na\nb,1,2\n'), Buffer.from('Gr\xfcn,1\nc,3\n', 'latin1')]);
    expect((await read('c.csv', content)).rows).toEqual([
      { number: 2, problem: 'has 1 cells, but the header has 2' },
      { number: 3, problem: 'has 3 cells, but the header has 2' },
      { number: 4, problem: 'is not UTF-8 text' },
      { number: 5, value: { text: 'c', n: '3' } },
    ]);
  });

  it('is read whatever its length, and a file of one line has no rows', async () => {
    const cell = 'word, '.repeat(10_000);
    const { rows } = await read('d.csv', `text\n${`"${cell}"\n`.repeat(20)}`);
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
    expect(rows.every((row) => 'value' in row && JSON.stringify(row.value) === JSON.stringify({ text: cell }))).toBe(true);
    expect((await read('e.csv', 'text,label\n')).rows).toEqual([]);
  });

  it.each([
    ['text\nfine\n"begins\nand never ends\n', /the CSV record that begins at line 3 has a quote that is not closed/],
    ['text\n"fine"\n"a" b\n', /begins at line 3 has a quote inside a cell/],
    ['text\nfine\nsome "word"\n', /begins at line 3 has a quote inside a cell/],
    [`text\nfine\n"${'x'.repeat(17 * 1024 * 1024)}`, /begins at line 3 is longer than 16 MB; a quote in it is probably not closed/],
    ['text,text\na,b\n', /has two columns named "text"/],
  ])('is refused where it is broken', async (content, message) => {
    await expect(read('broken.csv', content)).rejects.toThrow(message);
  });
});

describe('Parquet', () => {
  it.each(['none', 'snappy', 'gzip', 'zstd', 'lz4', 'brotli'])('compressed with %s is read over all row groups', async (compression) => {
    const { kind, rows } = await readFileRows(golden(`alpaca-${compression}`));
    expect(kind).toBe('parquet');
    expect(rows).toEqual(
      Array.from({ length: 23 }, (_, id) => ({
        number: id + 1,
        value: { id, instruction: `Grüße ${id}`, input: id % 2 ? null : '', output: `answer ${id} `.repeat(1 + (id % 3)) },
      })),
    );
  });

  it('gives lists and structs', async () => {
    const { rows } = await readFileRows(golden('messages'));
    expect(rows.length).toBe(9);
    expect(rows[7]).toEqual({
      number: 8,
      value: {
        messages: [0, 1].flatMap((turn) => [
          { role: 'user', content: `question 7.${turn}` },
          { role: 'assistant', content: `answer 7.${turn}` },
        ]),
      },
    });
    expect((await readFileRows(golden('tokens'))).rows[2]).toEqual({
      number: 3,
      value: {
        input_ids: [
          [2, 1, 2],
          [3, 4, 2],
        ],
        labels: [
          [2, 1, 2],
          [-100, 4, 2],
        ],
      },
    });
  });

  it('is told by its content', async () => {
    await copyFile(golden('alpaca-none'), join(folder, 'named.csv'));
    expect((await readFileRows(join(folder, 'named.csv'))).kind).toBe('parquet');
  });

  it.each([0.5, 0.99])('that is cut off (to %d) or damaged is refused', async (share) => {
    const bytes = await readFile(golden('alpaca-snappy'));
    const refused = { code: 'DATASET_INVALID', message: expect.stringMatching(/is a Parquet file that cannot be read: .*Is it whole\?/s) };
    await expect(read('cut.parquet', bytes.subarray(0, share * bytes.length))).rejects.toMatchObject(refused);
    bytes.fill(0xff, 4, 600);
    await expect(read('damaged.parquet', bytes)).rejects.toMatchObject(refused);
  });
});

describe('gzip', () => {
  const row = { text: 'x' };
  it.each([
    ['jsonl', `${JSON.stringify(row)}\n`, 1],
    ['json', JSON.stringify([row]), 1],
    ['csv', 'text\nx\n', 2],
  ])('of %s is read as what is inside', async (kind, content, number) => {
    expect(await read('packed', gzipSync(content))).toMatchObject({ kind, rows: [{ number, value: row }] });
  });

  it('that is cut off, or holds something else, is refused', async () => {
    const bytes = gzipSync(Array.from({ length: 3000 }, (_, i) => `{"text": "${i * 7919}"}`).join('\n'));
    await expect(read('cut.jsonl.gz', bytes.subarray(0, -100))).rejects.toThrow('is compressed with gzip, but is damaged or cut off');
    await expect(read('x.gz', gzipSync(await readFile(golden('tokens'))))).rejects.toThrow('is a Parquet file inside gzip');
    await expect(read('x.gz', gzipSync('just words'))).rejects.toThrow('is no dataset file: it begins with "just words"');
  });
});

describe('a folder', () => {
  it('is read file by file in the order of the names', async () => {
    const own = await mkdtemp(join(folder, 'many-'));
    await copyFile(golden('alpaca-zstd'), join(own, 'b.parquet'));
    await writeFile(join(own, 'a.csv'), 'instruction,output\nq,a\n');
    await writeFile(join(own, 'c.jsonl'), '{"instruction": "q", "output": "z"}\n{');
    for (const other of ['README.md', 'dataset_infos.json', '.hidden.jsonl', 'notes.txt']) await writeFile(join(own, other), 'no rows');
    const source = await openSource({ path: own, revision: 'main', split: 'train' }, []);
    expect(source.parts.map(({ label, file }) => [label, basename(file?.path ?? ''), file?.kind])).toEqual([
      ['a.csv', 'a.csv', 'csv'],
      ['b.parquet', 'b.parquet', 'parquet'],
      ['c.jsonl', 'c.jsonl', 'jsonl'],
    ]);
  });
});
