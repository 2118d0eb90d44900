import { datasetStatistics, requireViewer, rowProblem, storedOrigin, storedSplits, visibleTo } from '@anneal/core';
import { resolveArrayConnection } from '@pothos/plugin-relay';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import { builder } from './builder.ts';
import { DatasetProblemRef, DatasetRowRef, PreviewRowRef } from './dataset-row.ts';
import { DatasetStatisticsRef } from './dataset-statistics.ts';
import { Dataset } from './dataset.ts';
import { databaseId } from './global-id.ts';
import { connectionCost } from './page.ts';

const DatasetVersionState = builder.enumType('DatasetVersionState', {
  description: 'Whether a version can be trained on.',
  values: {
    CHECKING: { description: 'Its file is on its way, or its rows are being looked at.' },
    READY: { description: 'It can be trained on. `problemCount` tells whether some of its rows cannot.' },
    INVALID: { description: 'It cannot be trained on; `problems` say why.' },
  } as const,
});

const DatasetSourceKind = builder.enumType('DatasetSourceKind', {
  description: 'Where a version came from.',
  values: {
    BUNDLED: { description: 'It comes with the studio.' },
    FOLDER: { description: 'A file or folder on the machine of the server, copied.' },
    UPLOAD: { description: 'An upload.' },
    URL: { description: 'Fetched from an address.' },
    HUB: { description: 'Fetched from the Hugging Face Hub.' },
  } as const,
});

const DatasetLossOn = builder.enumType('DatasetLossOn', {
  description: 'Which tokens are targets, as `data.lossOn` of a configuration.',
  values: {
    ASSISTANT: { value: 'assistant', description: 'Every turn of the assistant.' },
    COMPLETIONS: { value: 'completions', description: "The assistant's last turn." },
    ALL: { value: 'all', description: 'Prompts too.' },
  } as const,
});

/** What one look at rows may show. */
const [mostRows, mostPreviewed, longestPreview] = [100, 20, 8192];

export const DatasetVersion = builder.prismaNode('DatasetVersion', {
  description: 'The content of a dataset at one time, and how it is read. Neither ever changes; another way of reading is another version.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, dataset: visibleTo(viewer) }),
  authScopes: ({ dataset }) => ({ member: dataset.projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, dataset: { select: { projectId: true } } },
  fields: (t) => ({
    dataset: t.relation('dataset', { type: Dataset, description: 'The dataset that it belongs to.' }),
    number: t.exposeInt('number', { description: 'From 1, in the order in which versions were added. Never given again.' }),
    state: t.expose('state', { type: DatasetVersionState, description: 'Whether it can be trained on.' }),
    contentHash: t.string({
      nullable: true,
      select: { contentHash: true },
      resolve: ({ contentHash }) => contentHash || null,
      description:
        'SHA-256 of the file as it came in, hexadecimal; of several files, of the list of their hashes. Null until it is here. Versions with the same have the same content.',
    }),
    sameContentAs: t.prismaField({
      type: 'DatasetVersion',
      nullable: true,
      select: { datasetId: true, number: true, contentHash: true },
      description:
        'The first version of the dataset that has the very same content; null when this one is the first, or has not come in yet.',
      resolve: (query, { datasetId, number, contentHash }, _args, { studio }) =>
        contentHash === ''
          ? null
          : studio.prisma.datasetVersion.findFirst({
              ...query,
              where: { datasetId, contentHash, number: { lt: number } },
              orderBy: { number: 'asc' },
            }),
    }),
    bytes: t.exposeFloat('bytes', { description: 'Size as it came in, in bytes. A whole number; 0 until it is here.' }),
    isEncrypted: t.exposeBoolean('isEncrypted', {
      description: 'Whether its files are encrypted on the disk of the server (AES-256-GCM).',
    }),
    source: t.expose('source', { type: DatasetSourceKind, description: 'Where it came from.' }),
    origin: t.field({
      type: 'JSON',
      select: { origin: true },
      description:
        'More about where it came from: `{kind, fileName}` of an upload, `{kind, url}` (without what stands behind a question mark), `{kind, id, revision, commit, split, validationSplit}` of the Hub, `{kind, path}` of a file of the server (for administrators).',
      resolve: ({ origin }, _args, { viewer }) => {
        const known = storedOrigin.parse(origin);
        if (known.kind === 'path' && !viewer?.isAdministrator) return { kind: 'path' };
        // What stands behind the question mark may be a key.
        return known.kind === 'url' ? { ...known, url: known.url.replace(/[?#].*$/s, '') } : known;
      },
    }),
    format: t.string({
      nullable: true,
      select: { format: true },
      resolve: ({ format }) => format || null,
      description: 'How its rows are read: `alpaca`, `messages`, …; asked for, or detected. Null until it is known.',
    }),
    columns: t.field({
      type: 'JSON',
      select: { columns: true },
      resolve: ({ columns }) => columns ?? {},
      description: 'Column of the file for each field of the format that has another name there: `{"instruction": "question"}`.',
    }),
    validationShare: t.float({
      nullable: true,
      select: { splits: true },
      resolve: ({ splits }) => storedSplits.parse(splits).validationShare ?? null,
      description:
        "Share of the rows that runs hold out, 0 to 0.5; which ones, the seed of the run decides. Null: left to each run's configuration.",
    }),
    validationRowCount: t.int({
      nullable: true,
      select: { splits: true },
      resolve: ({ splits }) => storedSplits.parse(splits).validationRows ?? null,
      description: 'Rows of its own files for validation, besides `rowCount`; null when it has none.',
    }),
    rowCount: t.exposeInt('rows', {
      nullable: true,
      description: 'Rows in it, those that cannot be used among them; null until they are counted.',
    }),
    problemCount: t.exposeInt('problemCount', {
      description: 'How many rows cannot be used, and what is wrong with the version as a whole.',
    }),
    problems: t.connection({
      type: DatasetProblemRef,
      select: { problems: true },
      complexity: connectionCost,
      description: 'What is wrong with it: first what concerns the whole, then the first 1,000 problems of rows.',
      resolve: ({ problems }, args) => resolveArrayConnection({ args }, storedProblems.parse(problems)),
    }),
    statistics: t.field({
      type: DatasetStatisticsRef,
      nullable: true,
      select: { statistics: true },
      resolve: ({ statistics }) => datasetStatistics.nullable().catch(null).parse(statistics),
      description: 'What its rows are like together; null until they are counted.',
    }),
    rows: t.field({
      type: [DatasetRowRef],
      args: {
        offset: t.arg.int({ defaultValue: 0, description: 'How many rows are passed over.' }),
        limit: t.arg.int({ defaultValue: 20, description: `How many rows at most, 1 to ${mostRows}.` }),
      },
      complexity: ({ limit }) => ({ field: 10, multiplier: within('limit', limit ?? 20, 1, mostRows) }),
      description: 'Rows as they are in the file. Those far behind take longer: the file is read up to there.',
      resolve: ({ id }, { offset, limit }, { studio, viewer }) => {
        requireViewer(viewer);
        return studio.datasetRows.rows(viewer, id, { offset: within('offset', offset ?? 0, 0), limit: limit ?? 20 });
      },
    }),
    preview: t.field({
      type: [PreviewRowRef],
      args: {
        offset: t.arg.int({ defaultValue: 0, description: 'How many rows are passed over.' }),
        limit: t.arg.int({ defaultValue: 5, description: `How many rows at most, 1 to ${mostPreviewed}.` }),
        baseModelId: t.arg.id({ description: 'The model that sees them, for its tokenizer and chat template. Left out: the bundled one.' }),
        maxLength: t.arg.int({ defaultValue: 512, description: `Tokens of a sequence at most, 16 to ${longestPreview}.` }),
        lossOn: t.arg({ type: DatasetLossOn, defaultValue: 'assistant', description: 'Which tokens are targets.' }),
      },
      complexity: ({ limit }) => ({ field: 20, multiplier: within('limit', limit ?? 5, 1, mostPreviewed) }),
      description: 'Rows as the model will see them in training: the template applied, token by token, with those that it learns to write.',
      resolve: ({ id }, { offset, limit, baseModelId, maxLength, lossOn }, { studio, viewer }) => {
        requireViewer(viewer);
        return studio.datasetRows.preview(viewer, id, {
          offset: within('offset', offset ?? 0, 0),
          limit: limit ?? 5,
          baseModelId: baseModelId == null ? undefined : databaseId('BaseModel', baseModelId),
          maxLength: within('maxLength', maxLength ?? 512, 16, longestPreview),
          truncation: 'end',
          lossOn: lossOn ?? 'assistant',
        });
      },
    }),
    notes: t.exposeString('notes', { description: 'What somebody wrote about it; may be empty.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When a run was last started with it; null: never.',
    }),
  }),
});

const storedProblems = z.array(rowProblem).catch([]);

/** @throws GraphQLError `BAD_USER_INPUT` */
function within(argument: string, value: number, least: number, most = 2 ** 31 - 1): number {
  if (value >= least && value <= most) return value;
  throw new GraphQLError(`"${argument}" is ${value}; it may be ${least} to ${most}.`, { extensions: { code: 'BAD_USER_INPUT' } });
}
