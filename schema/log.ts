import { builder } from './builder.ts';

const LogLevel = builder.enumType('LogLevel', {
  description: 'How much a log line matters.',
  values: {
    INFO: { description: 'Good to know.' },
    WARN: { description: 'Perhaps not as wanted; the run goes on.' },
    ERROR: { description: 'Something failed.' },
  } as const,
});

export const LogLine = builder.prismaObject('RunEvent', {
  variant: 'LogLine',
  description: 'A line that the training process wrote.',
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
