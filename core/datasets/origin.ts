import { z } from 'zod';

/** Where a version came from, as it is stored. */
export const storedOrigin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('upload'), fileName: z.string() }),
  z.object({ kind: z.literal('url'), url: z.string() }),
  z.object({
    kind: z.literal('hub'),
    id: z.string(),
    revision: z.string(),
    split: z.string(),
    validationSplit: z.string().optional(),
    /** What the revision was when it was fetched. */
    commit: z.string().optional(),
  }),
  z.object({ kind: z.literal('path'), path: z.string() }),
]);
export type Origin = z.output<typeof storedOrigin>;
