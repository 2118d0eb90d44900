import type { Prisma } from '@anneal/prisma';
import { builder } from './builder.ts';
import { sameForAll } from './stream.ts';

export const LogLevel = builder.enumType('LogLevel', {
  description: 'How much a log line matters.',
  values: {
    INFO: { description: 'Good to know.' },
    WARN: { description: 'Perhaps not as wanted; the run goes on.' },
    ERROR: { description: 'Something failed.' },
  } as const,
});

export const LogFilter = builder.inputType('LogFilter', {
  description: 'Which log lines. All that is given must hold.',
  fields: (t) => ({
    levels: t.field({ type: [LogLevel], description: 'Of one of these levels. An empty list: of any.' }),
    search: t.string({ description: 'Part of the text, large and small letters as they are.' }),
  }),
});

/** The filter as the database takes it. */
export function logWhere(filter: typeof LogFilter.$inferInput | null | undefined): Prisma.RunEventWhereInput {
  const search = filter?.search?.trim();
  return { ...(filter?.levels?.length && { level: { in: filter.levels } }), ...(search && { message: { contains: search } }) };
}

export const LogLine = builder.prismaObject('RunEvent', {
  variant: 'LogLine',
  description: 'A line that the training process wrote.',
  extensions: sameForAll,
  select: { runId: true, sequence: true },
  fields: (t) => ({
    sequence: t.exposeInt('sequence', { description: 'Number among all events of the run; grows, with gaps.' }),
    time: t.expose('time', { type: 'DateTime', description: 'When it was written.' }),
    step: t.exposeInt('step', { description: 'Optimizer steps done then.' }),
    level: t.field({
      type: LogLevel,
      select: { level: true },
      resolve: (line) => line.level ?? 'INFO',
      description: 'How much it matters.',
    }),
    message: t.exposeString('message', { description: 'The text.' }),
  }),
});
