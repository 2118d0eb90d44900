import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { encodePrompt, promptText } from './conversation.ts';
import type { Example } from './example.ts';
import { buildExamples, decoded, load, makeTokenizer, only, specialTokens } from './testing/load.ts';

const chatTemplate =
  '{{ bos_token }}{% for m in messages %}{% if m.role == "banned" %}{{ raise_exception("no such role") }}{% endif %}<|{{ m.role }}|>\n{{ m.content }}{{ eos_token }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}';

let folder: string;
let plain: Tokenizer;
let chat: Tokenizer;
let sentencePiece: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-dataset-'));
  plain = await makeTokenizer(folder, 'byte-level', specialTokens);
  chat = await makeTokenizer(folder, 'byte-level', { ...specialTokens, chat_template: chatTemplate });
  sentencePiece = await makeTokenizer(folder, 'sentencepiece', { bos_token: '<s>', eos_token: '</s>' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('loss on completions only', () => {
  const row = { instruction: 'Add one.', input: 'x', output: 'return x + 1' };

  it('alpaca with the default template', async () => {
    const { examples, format } = await buildExamples([row], 'auto', plain, 512);
    expect(format).toBe('alpaca');
    const { text, targets } = only(examples, plain);
    expect(text).toBe('<|begin|>### Instruction:\nAdd one.\n\nx\n\n### Response:\nreturn x + 1<|end|>');
    expect(targets).toEqual(['return x + 1<|end|>']);
  });

  it('alpaca with the chat template; the line break after the end is left out', async () => {
    const { text, targets } = only((await buildExamples([{ ...row, input: '' }], 'alpaca', chat, 512)).examples, chat);
    expect(text).toBe('<|begin|><|user|>\nAdd one.<|end|>\n<|assistant|>\nreturn x + 1<|end|>');
    expect(targets).toEqual(['return x + 1<|end|>']);
  });

  it('prompt and completion, put together as they are', async () => {
    const rows = [{ prompt: 'def f(x):\n', completion: '    return x' }];
    expect(only((await buildExamples(rows, 'auto', plain, 512)).examples, plain)).toMatchObject({
      text: '<|begin|>def f(x):\n    return x<|end|>',
      targets: ['    return x<|end|>'],
    });
    expect(only((await buildExamples(rows, 'auto', chat, 512)).examples, chat)).toMatchObject({ targets: ['    return x<|end|>'] });
    expect(only((await buildExamples(rows, 'auto', sentencePiece, 512)).examples, sentencePiece).text).toContain(
      'def f(x):\n    return x</s>',
    );
  });

  it('messages: every turn of the assistant', async () => {
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
    const templated = only((await buildExamples(rows, 'auto', chat, 512)).examples, chat);
    expect(templated.targets).toEqual(['b<|end|>', 'd<|end|>']);
    expect(templated.text).toBe(
      '<|begin|><|system|>\nBe short.<|end|>\n<|user|>\na<|end|>\n<|assistant|>\nb<|end|>\n<|user|>\nc<|end|>\n<|assistant|>\nd<|end|>',
    );
    const bare = only((await buildExamples(rows, 'auto', plain, 512)).examples, plain);
    expect(bare.targets).toEqual(['b<|end|>', 'd<|end|>']);
    expect(bare.text).toBe(
      '<|begin|>Be short.\n\n### Instruction:\na\n\n### Response:\nb<|end|>### Instruction:\nc\n\n### Response:\nd<|end|>',
    );
  });

  it('text: every token', async () => {
    const { text, targets } = only((await buildExamples([{ text: 'def f(): pass' }], 'auto', plain, 512)).examples, plain);
    expect(text).toBe('<|begin|>def f(): pass<|end|>');
    expect(targets).toEqual([text]);
  });

  it('gives a prompt the ids that it has at generation', async () => {
    const messages = [{ role: 'user', content: 'Add one.\n\nx' }];
    for (const tokenizer of [plain, chat, sentencePiece]) {
      const [example] = (await buildExamples([row], 'alpaca', tokenizer, 512)).examples;
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
  const withTemplate = (template: string) => makeTokenizer(folder, 'byte-level', { eos_token: '<|end|>', chat_template: template });

  it('without a generation prompt and without an end: the end token is added to the last turn', async () => {
    const tokenizer = await withTemplate(
      '{% for m in messages %}{% if m.role == "user" %}[Q] {{ m.content }} [A]{% else %} {{ m.content }}.{% endif %}{% endfor %}',
    );
    expect(only((await buildExamples([conversation], 'messages', tokenizer, 512)).examples, tokenizer)).toMatchObject({
      text: '[Q] a [A] b.[Q] c [A] d.<|end|>',
      targets: [' b.', ' d.<|end|>'],
    });
  });

  it('that write earlier turns in another way: only the last turn is learned', async () => {
    const tokenizer = await withTemplate(
      '{% for m in messages %}<{{ m.role }}>{% if m.role == "assistant" and loop.last %}(thought){% endif %}{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}',
    );
    expect(only((await buildExamples([conversation], 'messages', tokenizer, 512)).examples, tokenizer)).toMatchObject({
      text: '<user>a<|end|><assistant>b<|end|><user>c<|end|><assistant>(thought)d<|end|>',
      targets: ['(thought)d<|end|>'],
    });
  });

  it('whose prompt is not the beginning of the conversation are refused, naming the row', async () => {
    const tokenizer = await withTemplate('{% if add_generation_prompt %}prompt{% else %}whole{% endif %}');
    await expect(buildExamples([conversation], 'messages', tokenizer, 512)).rejects.toThrow(/row 1: .*cannot be told apart/);
  });
});

describe('length', () => {
  const long = 'word '.repeat(100);

  it('is cut at the end, with a warning', async () => {
    const { examples, warnings } = await buildExamples([{ text: long }, { text: 'short' }], 'text', plain, 32);
    expect(examples.map(({ inputIds }) => inputIds.length <= 32)).toEqual([true, true]);
    expect(warnings).toEqual([expect.stringContaining('1 example is longer than 32 tokens')]);
  });

  it('skips examples whose targets are all cut away, and those with nothing to learn', async () => {
    const rows = [
      { prompt: 'a', completion: 'b' },
      { prompt: long, completion: 'b' },
      { prompt: 'a', completion: ' \n' },
      { prompt: long, completion: 'c' },
    ];
    const { examples, warnings } = await buildExamples(rows, 'auto', plain, 32);
    expect(examples.length).toBe(1);
    expect(warnings.join()).toContain('2 rows were skipped because the prompt alone fills the maximum length of 32 tokens (rows 2, 4)');
    expect(warnings.join()).toContain('1 row was skipped because there is nothing to learn in it (row 3)');
  });

  it('is an error when nothing is left', async () => {
    await expect(buildExamples([{ prompt: long, completion: 'b' }], 'auto', plain, 16)).rejects.toThrow(
      /no example to learn from.*fills the maximum length/,
    );
  });
});

describe('validation split', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ text: `text number ${i}` }));
  const split = async (count: number, validationShare: number, seed = 1) => {
    const dataset = await load({ format: 'text', maxLength: 64, validationShare }, plain, { rows: rows(count) }, { seed });
    const texts = (examples: readonly Example[]) => examples.map((example) => decoded(example, plain).text);
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
