import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { load, makeTokenizer, specialTokens } from './testing/load.ts';

let folder: string;
let plain: Tokenizer;
let chat: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-files-'));
  plain = await makeTokenizer(folder, 'byte-level', specialTokens);
  const refusing =
    '{% for m in messages %}{% if m.role == "banned" %}{{ raise_exception("no such role") }}{% endif %}{{ m.content }}{% endfor %}';
  chat = await makeTokenizer(folder, 'byte-level', { ...specialTokens, chat_template: refusing });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('JSONL and JSON', () => {
  let path: string;
  beforeEach(() => {
    path = join(folder, 'data.jsonl');
  });
  const read = async (content: string | Uint8Array) => {
    await writeFile(path, content);
    return load({ path, maxLength: 64 }, plain);
  };
  const failure = (content: string | Uint8Array) =>
    read(content).then(
      () => expect.fail('was read'),
      (error: unknown) => error,
    );
  const line = (n: number) => JSON.stringify({ text: `text ${n}` });

  it('JSONL with blank lines, Windows line ends, a byte order mark, and no last line end', async () => {
    const { train, format, validation } = await read(`\ufeff${line(1)}\r\n\r\n  ${line(2)}\n\n${line(3)}`);
    expect([train.length, validation.length, format]).toEqual([3, 0, 'text']);
  });

  it('a JSON array', async () => {
    expect((await read(`\ufeff\n [${line(1)},\n${line(2)}]`)).train.length).toBe(2);
    expect(await failure(`[${line(1)},`)).toMatchObject({ code: 'DATASET_INVALID', message: expect.stringContaining('does not end') });
    expect(await failure(`[${line(1)}] 7`)).toMatchObject({
      message: expect.stringContaining('goes on after its list has ended (after row 1)'),
    });
    expect(await failure(`[${line(1)}, {"text": }, ${line(2)},]`)).toMatchObject({
      message: expect.stringMatching(/row 2: is not valid JSON: {"text": }.*row 4: is empty: there is a comma too many/),
    });
  });

  it('lines across the borders of the chunks that are read', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => JSON.stringify({ text: `${i} ${'ü '.repeat(9001 + i)}` }));
    expect((await read(rows.join('\n'))).train.length).toBe(60);
  });

  it('names wrong rows by their line, together', async () => {
    const good = '{"instruction": "a", "output": "b"}';
    const content = [
      good,
      '',
      '{"instruction": "a"}',
      good,
      '{"instruction": "a", "output": null}',
      '{"instruction": 5, "output": "b"}',
      '{"instruction: ',
      '[1]',
      '7',
    ].join('\n');
    expect(await failure(content)).toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(
        /data\.jsonl has rows.*rows 3, 5: "output" is missing \(alpaca needs instruction and output\); row 6: "instruction" is a number, not a text.*row 7: is not valid JSON: {"instruction:.*row 8: is a list, not a JSON object.*row 9: is a number, not a JSON object/s,
      ),
      issues: expect.arrayContaining([{ path: 'rows.3.output', message: expect.stringContaining('missing') }]),
    });
  });

  it('names twenty wrong rows, counts the others and stops at a thousand', async () => {
    const error = await failure(`${line(1)}\n`.repeat(3) + '{"text": 1}\n'.repeat(1700));
    expect(error).toMatchObject({ message: expect.stringContaining('rows 4, 5, 6') });
    expect(error).toMatchObject({ message: expect.stringContaining('23: "text"') });
    expect(error).toMatchObject({ message: expect.not.stringContaining('24') });
    expect(error).toMatchObject({ message: expect.stringContaining('and 980 more rows. Reading stopped there.') });
    expect(await failure(`${line(1)}\n`.repeat(3) + '{"text": 1}\n'.repeat(21))).toMatchObject({
      message: expect.stringMatching(/and 1 more row\.$/),
    });
  });

  it('names conversations by row and message, a few problems each', async () => {
    const bad = { messages: Array.from({ length: 500 }, () => ({ role: 'user' })) };
    const none = { messages: [{ role: 'user', content: 'x' }] };
    const error = await failure([bad, none, { messages: 'x' }].map((row) => JSON.stringify(row)).join('\n'));
    expect(error).toMatchObject({ message: expect.stringContaining('"messages.0.content" is missing') });
    expect(error).toMatchObject({ message: expect.stringContaining('row 2: "messages": no message has the role "assistant"') });
    expect(error).toMatchObject({ message: expect.stringContaining('row 3: "messages" is a text, not a list') });
    expect(error instanceof Error ? error.message.length : 0).toBeLessThan(1500);
  });

  it('names conversations that the chat template refuses', async () => {
    await writeFile(
      path,
      JSON.stringify({
        messages: [
          { role: 'banned', content: 'x' },
          { role: 'assistant', content: 'y' },
        ],
      }),
    );
    await expect(load({ path, maxLength: 64 }, chat)).rejects.toThrow(
      /row 1: The model's chat template refuses the conversation: no such role/,
    );
  });

  it('lists the formats when it knows none of them', async () => {
    expect(await failure('{"question": "a", "answer": "b"}')).toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(
        /first row has "question", "answer".*alpaca needs instruction and output.*prompt-completion needs.*text needs/s,
      ),
    });
    expect(await failure('1\n2')).toMatchObject({ message: expect.stringContaining('not a JSON object') });
  });

  it('goes by the majority, not by the first row', async () => {
    expect(await failure([line(1), line(2), '{"instruction": "a", "output": "b"}'].join('\n'))).toMatchObject({
      message: expect.stringContaining('row 3: "text" is missing'),
    });
    expect(await failure(['{}', line(2), line(3)].join('\n'))).toMatchObject({
      message: expect.stringContaining('row 1: "text" is missing'),
    });
  });

  it.each([
    ['', 'has no rows'],
    ['\n \n', 'has no rows'],
    ['[]', 'has no rows'],
    [Buffer.from('PAR1....'), 'is a Parquet file that cannot be read'],
    [Buffer.from([0x1f, 0x8b, 8, 0]), 'is compressed with gzip, but is damaged or cut off'],
    [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'is compressed with zstd; unpack it'],
    [Buffer.from([0x89, 0x50, 0x4e, 0x47, 0]), 'is a binary file'],
    ['{\n  "data": [\n    {"text": "x"}\n  ]\n}', 'one JSON object over several lines'],
    [Buffer.from('\ufeff{"text": "x"}', 'utf16le'), 'UTF-16'],
    [Buffer.from('{"text": "Gr\xfcn"}', 'latin1'), 'row 1: is not UTF-8'],
    ['words, words\nand more', 'row 1: is not valid JSON: words, words'],
    [`{"text": "${'x'.repeat(200)}`, 'xxx…'],
  ])('refuses %j', async (content, expected) => {
    expect(await failure(content)).toMatchObject({ code: 'DATASET_INVALID', message: expect.stringContaining(expected) });
  });

  it('says when there is no file', async () => {
    for (const missing of [join(folder, 'none.jsonl'), await mkdtemp(join(folder, 'empty-'))]) {
      await expect(load({ path: missing }, plain)).rejects.toMatchObject({
        code: 'DATASET_NOT_FOUND',
        message: expect.stringContaining(missing),
      });
    }
  });
});
