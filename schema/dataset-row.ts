import type { PreviewRow, RawRow, RowProblem } from '@anneal/core';
import { builder } from './builder.ts';
import { IssueRef } from './errors.ts';

const file = 'Its file, where the version has several; else null.';
const row = 'Its number, as in messages: a line of JSONL, the line where it begins in CSV, a place in other files. From 1.';

export const DatasetProblemRef = builder.objectRef<RowProblem>('DatasetProblem').implement({
  description: 'Something that is wrong with a row, or with the whole version.',
  fields: (t) => ({
    file: t.exposeString('file', { nullable: true, description: file }),
    row: t.exposeInt('row', { nullable: true, description: `${row} Null: it is about the version as a whole.` }),
    path: t.exposeString('path', { description: 'Dotted path inside the row: `messages.2.content`; empty for all of it.' }),
    message: t.exposeString('message', { description: 'What is wrong.' }),
    text: t.exposeString('text', { description: 'The beginning of the row, as JSON; empty where it could not be read.' }),
  }),
});

export const DatasetRowRef = builder.objectRef<RawRow>('DatasetRow').implement({
  description: 'A row as it is in the file.',
  fields: (t) => ({
    file: t.exposeString('file', { nullable: true, description: file }),
    row: t.exposeInt('row', { description: row }),
    value: t.field({
      type: 'JSON',
      nullable: true,
      resolve: ({ value }) => value,
      description: 'What it holds; null where it could not be read. Texts are shortened to 5,000 characters, lists to 100 items.',
    }),
    problems: t.field({ type: [IssueRef], resolve: ({ problems }) => problems, description: 'What is wrong with it; mostly nothing.' }),
  }),
});

type Sequence = PreviewRow['sequences'][number];

const PreviewAnswer = builder.enumType('PreviewAnswer', {
  description: 'Which of two answers.',
  values: {
    CHOSEN: { description: 'The better one.' },
    REJECTED: { description: 'The other one.' },
  } as const,
});

const PreviewToken = builder.objectRef<Sequence['tokens'][number]>('PreviewToken').implement({
  description: 'A token as the model sees it.',
  fields: (t) => ({
    id: t.exposeInt('id', { description: 'Its number in the vocabulary of the tokenizer.' }),
    text: t.exposeString('text', {
      description: 'What it reads as; all of them one after the other are the text. Of a character of several tokens, the last one has it.',
    }),
    isTarget: t.exposeBoolean('isTarget', { description: 'Whether the loss is taken on it: the model learns to write it.' }),
  }),
});

const PreviewSequence = builder.objectRef<Sequence>('PreviewSequence').implement({
  description: 'One training sequence.',
  fields: (t) => ({
    answer: t.expose('answer', { type: PreviewAnswer, nullable: true, description: 'Of a pair, the answer that it holds; else null.' }),
    tokens: t.field({ type: [PreviewToken], resolve: ({ tokens }) => tokens, description: 'Its tokens, in order.' }),
  }),
});

export const PreviewRowRef = builder.objectRef<PreviewRow>('PreviewRow').implement({
  description: 'A row as the model will see it in training: the template applied, cut to the maximum length.',
  fields: (t) => ({
    file: t.exposeString('file', { nullable: true, description: file }),
    row: t.exposeInt('row', { description: row }),
    problems: t.field({ type: [IssueRef], resolve: ({ problems }) => problems, description: 'Why it cannot be used; mostly nothing.' }),
    skipped: t.exposeString('skipped', { nullable: true, description: 'Why there is nothing to learn from it; null where there is.' }),
    isTruncated: t.exposeBoolean('isTruncated', { description: 'Whether it was longer than the maximum length, and cut.' }),
    sequences: t.field({
      type: [PreviewSequence],
      resolve: ({ sequences }) => sequences,
      description: 'One; two for a pair of answers; several for a row of tokens; none where it is not used.',
    }),
  }),
});
