import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { encodePrompt, promptText } from './conversation.ts';
import { buildExamples, loadDataset } from './dataset.ts';
import type { Example } from './example.ts';

const chatTemplate =
  '{{ bos_token }}{% for m in messages %}{% if m.role == "banned" %}{{ raise_exception("no such role") }}{% endif %}<|{{ m.role }}|>\n{{ m.content }}{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}';

let folder: string;
let plain: Tokenizer;
let chat: Tokenizer;
let sentencePiece: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-dataset-'));
  const load = async (kind: string, config: unknown) => {
    const own = await mkdtemp(join(folder, 'tokenizer-'));
    await copyFile(new URL(`../tokenizer/golden/${kind}/tokenizer.json`, import.meta.url), join(own, 'tokenizer.json'));
    await writeFile(join(own, 'tokenizer_config.json'), JSON.stringify(config));
    return loadTokenizer(own);
  };
  plain = await load('byte-level', { bos_token: '<|begin|>', eos_token: '<|end|>' });
  chat = await load('byte-level', { bos_token: '<|begin|>', eos_token: '<|end|>', chat_template: chatTemplate });
  sentencePiece = await load('sentencepiece', { bos_token: '<s>', eos_token: '</s>' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The whole text, and the parts on which the loss is taken. */
function read({ inputIds, labels }: Example, tokenizer: Tokenizer): { text: string; targets: string[] } {
  expect(labels.length).toBe(inputIds.length);
  const targets: number[][] = [];
  labels.forEach((label, i) => {
    if (label === -100) return;
    expect(label).toBe(inputIds[i]);
    if (i === 0 || labels[i - 1] === -100) targets.push([]);
    targets.at(-1)?.push(label);
  });
  const decode = (ids: ArrayLike<number>) => tokenizer.decode(Array.from(ids), { skipSpecialTokens: false });
  return { text: decode(inputIds), targets: targets.map(decode) };
}

function only(examples: Example[], tokenizer: Tokenizer) {
  expect(examples.length).toBe(1);
  const [example] = examples;
  if (!example) throw new Error('no example');
  return { ...read(example, tokenizer), example };
}

describe('loss on completions only', () => {
  const row = { instruction: 'Add one.', input: 'x', output: 'return x + 1' };

  it('alpaca with the default template', () => {
    const { examples, format } = buildExamples([row], 'auto', plain, 512);
    expect(format).toBe('alpaca');
    const { text, targets } = only(examples, plain);
    expect(text).toBe('<|begin|>### Instruction:\nAdd one.\n\nx\n\n### Response:\nreturn x + 1<|end|>');
    expect(targets).toEqual(['return x + 1<|end|>']);
  });

  it('alpaca with the chat template; the line break after the end is left out', () => {
    const { text, targets } = only(buildExamples([{ ...row, input: '' }], 'alpaca', chat, 512).examples, chat);
    expect(text).toBe('<|begin|><|user|>\nAdd one.<|end|>\n<|assistant|>\nreturn x + 1<|end|>');
    expect(targets).toEqual(['return x + 1<|end|>']);
  });

  it('prompt and completion, put together as they are', () => {
    const rows = [{ prompt: 'def f(x):\n', completion: '    return x' }];
    expect(only(buildExamples(rows, 'auto', plain, 512).examples, plain)).toMatchObject({
      text: '<|begin|>def f(x):\n    return x<|end|>',
      targets: ['    return x<|end|>'],
    });
    expect(only(buildExamples(rows, 'auto', chat, 512).examples, chat)).toMatchObject({ targets: ['    return x<|end|>'] });
    expect(only(buildExamples(rows, 'auto', sentencePiece, 512).examples, sentencePiece).text).toContain('def f(x):\n    return x</s>');
  });

  it('messages: every turn of the assistant', () => {
    const rows = [
      {
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
          { role: 'user', content: 'c' },
          { role: 'assistant', content: 'd' },
          { role: 'user', content: 'unanswered' },
        ],
      },
    ];
    const templated = only(buildExamples(rows, 'auto', chat, 512).examples, chat);
    expect(templated.targets).toEqual(['b<|end|>', 'd<|end|>']);
    expect(templated.text).toBe(
      '<|begin|><|system|>\nBe short.<|end|>\n<|user|>\na<|end|>\n<|assistant|>\nb<|end|>\n<|user|>\nc<|end|>\n<|assistant|>\nd<|end|>',
    );
    const bare = only(buildExamples(rows, 'auto', plain, 512).examples, plain);
    expect(bare.targets).toEqual(['b<|end|>', 'd<|end|>']);
    expect(bare.text).toBe(
      '<|begin|>Be short.\n\n### Instruction:\na\n\n### Response:\nb<|end|>### Instruction:\nc\n\n### Response:\nd<|end|>',
    );
  });

  it('text: every token', () => {
    const { text, targets } = only(buildExamples([{ text: 'def f(): pass' }], 'auto', plain, 512).examples, plain);
    expect(text).toBe('<|begin|>def f(): pass<|end|>');
    expect(targets).toEqual([text]);
  });

  it('gives a prompt the ids that it has at generation', () => {
    const messages = [{ role: 'user', content: 'Add one.\n\nx' }];
    for (const tokenizer of [plain, chat, sentencePiece]) {
      const [example] = buildExamples([row], 'alpaca', tokenizer, 512).examples;
      const prompt = encodePrompt(tokenizer, messages);
      expect(Array.from(example?.inputIds ?? []).slice(0, prompt.length)).toEqual(prompt);
      expect(example?.labels.findIndex((label) => label !== -100)).toBe(prompt.length);
      expect(promptText(tokenizer, messages)).toContain('Add one.');
    }
  });
});

describe('chat templates of other kinds', () => {
  const conversation = {
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
      { role: 'assistant', content: 'd' },
    ],
  };
  const withTemplate = async (template: string): Promise<Tokenizer> => {
    const own = await mkdtemp(join(folder, 'template-'));
    await copyFile(new URL('../tokenizer/golden/byte-level/tokenizer.json', import.meta.url), join(own, 'tokenizer.json'));
    await writeFile(join(own, 'tokenizer_config.json'), JSON.stringify({ eos_token: '<|end|>', chat_template: template }));
    return loadTokenizer(own);
  };

  it('without a generation prompt and without an end: the end token is added to the last turn', async () => {
    const tokenizer = await withTemplate(
      '{% for m in messages %}{% if m.role == "user" %}[Q] {{ m.content }} [A]{% else %} {{ m.content }}.{% endif %}{% endfor %}',
    );
    expect(only(buildExamples([conversation], 'messages', tokenizer, 512).examples, tokenizer)).toMatchObject({
      text: '[Q] a [A] b.[Q] c [A] d.<|end|>',
      targets: [' b.', ' d.<|end|>'],
    });
  });

  it('that write earlier turns in another way: only the last turn is learned', async () => {
    const tokenizer = await withTemplate(
      '{% for m in messages %}<{{ m.role }}>{% if m.role == "assistant" and loop.last %}(thought){% endif %}{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}',
    );
    expect(only(buildExamples([conversation], 'messages', tokenizer, 512).examples, tokenizer)).toMatchObject({
      text: '<user>a<|end|><assistant>b<|end|><user>c<|end|><assistant>(thought)d<|end|>',
      targets: ['(thought)d<|end|>'],
    });
  });

  it('whose prompt is not the beginning of the conversation are refused, naming the row', async () => {
    const tokenizer = await withTemplate('{% if add_generation_prompt %}prompt{% else %}whole{% endif %}');
    expect(() => buildExamples([conversation], 'messages', tokenizer, 512)).toThrow(/row 1: .*cannot be told apart/);
  });
});

describe('length', () => {
  const long = 'word '.repeat(100);

  it('is cut at the end, with a warning', () => {
    const { examples, warnings } = buildExamples([{ text: long }, { text: 'short' }], 'text', plain, 32);
    expect(examples.map(({ inputIds }) => inputIds.length <= 32)).toEqual([true, true]);
    expect(warnings).toEqual([expect.stringContaining('1 example is longer than 32 tokens')]);
  });

  it('skips examples whose targets are all cut away, and those with nothing to learn', () => {
    const rows = [
      { prompt: 'a', completion: 'b' },
      { prompt: long, completion: 'b' },
      { prompt: 'a', completion: ' \n' },
      { prompt: long, completion: 'c' },
    ];
    const { examples, skipped, warnings } = buildExamples(rows, 'auto', plain, 32);
    expect([examples.length, skipped]).toEqual([1, 3]);
    expect(warnings.join()).toContain('2 rows were skipped because the prompt alone fills the maximum length of 32 tokens (row 2, 4)');
    expect(warnings.join()).toContain('1 row was skipped because there is nothing to learn in it (row 3)');
  });

  it('is an error when nothing is left', () => {
    expect(() => buildExamples([{ prompt: long, completion: 'b' }], 'auto', plain, 16)).toThrow(
      /no example to learn from.*fills the maximum length/,
    );
  });
});

describe('files', () => {
  const options = { format: 'auto', maxLength: 64, validationShare: 0 } as const;
  let path: string;
  beforeEach(() => {
    path = join(folder, 'data.jsonl');
  });
  const load = async (content: string | Uint8Array) => {
    await writeFile(path, content);
    return loadDataset({ path }, options, plain, { seed: 1 });
  };
  const failure = (content: string | Uint8Array) =>
    load(content).then(
      () => expect.fail('was read'),
      (error: unknown) => error,
    );
  const line = (n: number) => JSON.stringify({ text: `text ${n}` });

  it('JSONL with blank lines, Windows line ends, a byte order mark, and no last line end', async () => {
    const { train, format, validation } = await load(`\ufeff${line(1)}\r\n\r\n  ${line(2)}\n\n${line(3)}`);
    expect([train.length, validation.length, format]).toEqual([3, 0, 'text']);
  });

  it('a JSON array', async () => {
    expect((await load(`\ufeff\n [${line(1)},\n${line(2)}]`)).train.length).toBe(2);
    expect(await failure(`[${line(1)},`)).toMatchObject({ code: 'DATASET_INVALID', message: expect.stringContaining('not valid JSON') });
  });

  it('lines across the borders of the chunks that are read', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => JSON.stringify({ text: `${i} ${'ü '.repeat(9001 + i)}` }));
    expect((await load(rows.join('\n'))).train.length).toBe(60);
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

  it('stops at twenty wrong rows', async () => {
    const error = await failure(`${line(1)}\n`.repeat(3) + '{"text": 1}\n'.repeat(1000));
    expect(error).toMatchObject({ message: expect.stringContaining('rows 4, 5, 6') });
    expect(error).toMatchObject({ message: expect.stringContaining('23: "text"') });
    expect(error).toMatchObject({ message: expect.not.stringContaining('24') });
    expect(error).toMatchObject({ message: expect.stringContaining('more rows may be wrong') });
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
    await expect(loadDataset({ path }, options, chat, { seed: 1 })).rejects.toThrow(
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
    [Buffer.from('PAR1....'), 'Parquet'],
    [Buffer.from([0x1f, 0x8b, 8, 0]), 'gzip'],
    [Buffer.from('\ufeff{"text": "x"}', 'utf16le'), 'UTF-16'],
    [Buffer.from('{"text": "Gr\xfcn"}', 'latin1'), 'row 1: is not UTF-8'],
    ['text,label\na,b', 'row 1: is not valid JSON: text,label'],
    [`{"text": "${'x'.repeat(200)}`, 'xxx…'],
  ])('refuses %j', async (content, expected) => {
    expect(await failure(content)).toMatchObject({ code: 'DATASET_INVALID', message: expect.stringContaining(expected) });
  });

  it('says when there is no file', async () => {
    for (const missing of [join(folder, 'none.jsonl'), folder]) {
      await expect(loadDataset({ path: missing }, options, plain, { seed: 1 })).rejects.toMatchObject({
        code: 'DATASET_NOT_FOUND',
        message: expect.stringContaining(missing),
      });
    }
  });
});

describe('validation split', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ text: `text number ${i}` }));
  const split = async (count: number, validationShare: number, seed = 1) => {
    const dataset = await loadDataset({ rows: rows(count) }, { format: 'text', maxLength: 64, validationShare }, plain, { seed });
    const texts = (examples: Example[]) => examples.map((example) => read(example, plain).text);
    return { train: texts(dataset.train), validation: texts(dataset.validation), warnings: dataset.warnings };
  };

  it('is the same for the same seed, another for another, and loses nothing', async () => {
    const one = await split(40, 0.25);
    expect([one.train.length, one.validation.length]).toEqual([30, 10]);
    expect(new Set([...one.train, ...one.validation]).size).toBe(40);
    expect(await split(40, 0.25)).toEqual(one);
    expect((await split(40, 0.25, 2)).validation).not.toEqual(one.validation);
  });

  it('has at least one row on each side, if there are two', async () => {
    for (const [count, share] of [
      [2, 0.01],
      [2, 0.5],
      [3, 0.5],
      [1000, 0.0001],
    ] as const) {
      const { train, validation } = await split(count, share);
      expect(Math.min(train.length, validation.length)).toBeGreaterThan(0);
    }
    expect(await split(1, 0.5)).toMatchObject({ validation: [], warnings: [expect.stringContaining('only one example')] });
    expect(await split(5, 0)).toMatchObject({ validation: [], warnings: [] });
  });
});
