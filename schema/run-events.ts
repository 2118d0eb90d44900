import type { RunEventMessage } from '@anneal/core';
import { Artifact } from './artifact.ts';
import { builder } from './builder.ts';
import { Checkpoint } from './checkpoint.ts';
import { existingRun } from './existing-run.ts';
import { LogLine } from './log.ts';
import { resumeAfter } from './resume.ts';
import { RunState } from './run-state.ts';
import { sameForAll, stoppable } from './stream.ts';

const RunStateChanged = builder.prismaObject('RunEvent', {
  variant: 'RunStateChanged',
  description: 'A run came into another state.',
  extensions: sameForAll,
  select: { runId: true, sequence: true },
  fields: (t) => ({
    run: t.relation('run', { description: 'The run, as it stands now.' }),
    state: t.field({
      type: RunState,
      select: { state: true },
      resolve: (event) => event.state ?? 'QUEUED',
      description: 'The state that it came into.',
    }),
    time: t.expose('time', { type: 'DateTime', description: 'When.' }),
  }),
});

const RunEvent = builder.unionType('RunEvent', {
  description: 'What happened to a run.',
  extensions: sameForAll,
  types: [RunStateChanged, LogLine, Checkpoint, Artifact],
});

const RunEventMessageRef = builder.objectRef<RunEventMessage>('RunEventMessage').implement({
  description: 'One event of a run.',
  extensions: sameForAll,
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Give it as `after` to go on behind this event.' }),
    event: t.field({ type: RunEvent, description: 'What happened.', resolve: ({ event }) => branded(event) }),
  }),
});

/** Tells GraphQL which type of the union it is. */
function branded(event: RunEventMessage['event']) {
  if (event.checkpoint) return Checkpoint.addBrand(event.checkpoint);
  if (event.artifact) return Artifact.addBrand(event.artifact);
  return event.type === 'LOG' ? LogLine.addBrand(event) : RunStateChanged.addBrand(event);
}

builder.subscriptionField('runEvents', (t) =>
  t.field({
    type: RunEventMessageRef,
    description:
      'State changes, log lines, checkpoints and artifacts of a run, in order. Replays what is stored behind `after`, then goes live, without gap or duplicate. Ends when the run has ended and all was sent.',
    args: {
      runId: t.arg.id({ required: true, description: 'The run to follow.' }),
      after: t.arg.string({ description: 'A cursor from an earlier event or `Run.eventsCursor`. Left out: from the beginning.' }),
    },
    subscribe: async (_root, { runId, after }, context) => {
      const id = await existingRun(context, runId);
      return stoppable((signal) => context.studio.streams.runEvents(id, { after: resumeAfter(context, after), signal }));
    },
    resolve: (message, _args, { position }) => {
      position.cursor = message.cursor;
      return message;
    },
  }),
);
