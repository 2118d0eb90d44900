import { trainingConfigSchema } from '@anneal/engine';
import { z } from 'zod';
import { Invalid } from '../errors.ts';

/** Where a new version comes from; one of them. */
export interface VersionSource {
  /** A whole upload of the viewer's. */
  upload?: { uploadId: string };
  /** Another version of the dataset: the same content, read in another way. */
  version?: { versionId: string };
  url?: { url: string };
  /** A dataset on the Hub: `owner/name`, or `owner/name/folder` for a part of it. */
  hub?: { id: string; revision?: string; split?: string; validationSplit?: string };
  /** A file or folder on the machine of the server; for administrators. */
  path?: { path: string };
}

export interface NewVersion {
  datasetId: string;
  source: VersionSource;
  /** How rows are read. Default: detected. */
  format?: string;
  /** Column of the file for each field of the format that has another name. */
  columns?: Record<string, string>;
  /** Share of the rows that is held out, 0 to 0.5. Default: left to each run. */
  validationShare?: number;
  /** The model whose tokenizer counts. Default: the bundled one. */
  baseModelId?: string;
  notes?: string;
}

const data = trainingConfigSchema.shape.data.unwrap();
const hubId = z.string().regex(/^[\w.-]+\/[\w.-]+(\/.+)?$/, 'Give owner/name, as in the address of the dataset on the Hub.');

const schema = z.object({
  source: z.object({
    upload: z.object({ uploadId: z.string() }).optional(),
    version: z.object({ versionId: z.string() }).optional(),
    url: z.object({ url: z.string().max(2000, 'An address has at most 2,000 characters.') }).optional(),
    hub: z
      .object({
        id: hubId,
        revision: z.string().min(1).max(200).default('main'),
        split: z.string().min(1).max(100).default('train'),
        validationSplit: z.string().min(1).max(100).optional(),
      })
      .optional(),
    path: z.object({ path: z.string().min(1, 'Give the path of a file or folder.') }).optional(),
  }),
  format: data.shape.format,
  columns: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .refine((columns) => Object.keys(columns).length <= 50, 'A column map has at most 50 entries.'),
  validationShare: z.number().min(0, 'At least 0.').max(0.5, 'At most 0.5: half of the rows.').optional(),
  baseModelId: z.string().optional(),
  notes: z.string().trim().max(10_000, 'Notes have at most 10,000 characters.').default(''),
});

export type ValidVersion = z.output<typeof schema>;

/** @throws Invalid with an issue for each field that is wrong */
export function validVersion(input: NewVersion): ValidVersion {
  const parsed = schema.safeParse(input);
  const issues = parsed.success ? [] : parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  if (parsed.success) {
    if (Object.values<unknown>(parsed.data.source).filter((source) => source !== undefined).length === 1) return parsed.data;
    issues.push({ path: 'source', message: 'Give one of upload, version, url, hub and path.' });
  }
  throw new Invalid(`The version is not valid. ${issues.map(({ path, message }) => `${path}: ${message}`).join(' ')}`, issues);
}
