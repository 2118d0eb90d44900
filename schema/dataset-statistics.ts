import type { DatasetStatistics } from '@anneal/core';
import { builder } from './builder.ts';

const DatasetLanguageKind = builder.enumType('DatasetLanguageKind', {
  description: 'What kind of language rows are in.',
  values: {
    NATURAL: { description: 'One that people speak, told by its letters. Of the first 2,000 rows that have enough text outside of code.' },
    PROGRAMMING: { description: 'One of code, told by the tags of fenced code: ```python.' },
  } as const,
});

const DatasetLanguage = builder.objectRef<DatasetStatistics['languages'][number]>('DatasetLanguage').implement({
  description: 'A language, and how many rows are in it.',
  fields: (t) => ({
    name: t.exposeString('name', { description: '`English`; of code as its tag says: `python`.' }),
    kind: t.expose('kind', { type: DatasetLanguageKind, description: 'Whether people speak it.' }),
    rows: t.exposeInt('rows', { description: 'Rows in it. A row may be in several.' }),
  }),
});

const DatasetLengthRange = builder.objectRef<DatasetStatistics['lengths'][number]>('DatasetLengthRange').implement({
  description: 'Rows of about the same length.',
  fields: (t) => ({
    from: t.exposeInt('from', { description: 'Shortest length in it, in tokens.' }),
    to: t.exposeInt('to', { description: 'Longest length in it, in tokens.' }),
    rows: t.exposeInt('rows', { description: 'Rows of these lengths.' }),
  }),
});

export const DatasetStatisticsRef = builder.objectRef<DatasetStatistics>('DatasetStatistics').implement({
  description: 'What the rows are like together.',
  fields: (t) => ({
    usableRows: t.exposeInt('usableRows', { description: 'Rows that can be trained on.' }),
    skippedRows: t.exposeInt('skippedRows', {
      description: 'Rows that fit their format, but have nothing to learn from: an empty answer.',
    }),
    duplicateRows: t.exposeInt('duplicateRows', { description: 'Rows that are exactly the same as an earlier one.' }),
    firstDuplicateRows: t.exposeIntList('firstDuplicateRows', { description: 'The numbers of the first of them, at most 100.' }),
    countedRows: t.exposeInt('countedRows', {
      description: 'Rows whose tokens were counted: the first 50,000 that are usable. What follows is about these.',
    }),
    tokens: t.exposeFloat('tokens', { description: 'Tokens in them, uncut. A whole number.' }),
    targetTokens: t.exposeFloat('targetTokens', { description: 'Tokens in them that the loss is taken on. A whole number.' }),
    median: t.exposeInt('median', { description: 'Half of them have at most so many tokens.' }),
    percentile90: t.exposeInt('percentile90', { description: '90 % of them have at most so many tokens.' }),
    percentile99: t.exposeInt('percentile99', { description: '99 % of them have at most so many tokens.' }),
    longest: t.exposeInt('longest', { description: 'Tokens of the longest.' }),
    lengths: t.field({
      type: [DatasetLengthRange],
      resolve: ({ lengths }) => lengths,
      description: 'How many have which length, the shortest first.',
    }),
    nearlyEmptyRows: t.exposeInt('nearlyEmptyRows', {
      description:
        'Those with fewer than three tokens to learn, the end token among them. Answers of one word are meant to be so, others are not.',
    }),
    firstNearlyEmptyRows: t.exposeIntList('firstNearlyEmptyRows', { description: 'The numbers of the first of them, at most 100.' }),
    languages: t.field({
      type: [DatasetLanguage],
      resolve: ({ languages }) => languages,
      description: 'Languages they are in, the most frequent first.',
    }),
  }),
});
