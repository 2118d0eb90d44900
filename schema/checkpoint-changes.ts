import { Conflict, NotFound, requireViewer } from '@anneal/core';
import { builder } from './builder.ts';
import { Checkpoint } from './checkpoint.ts';
import { databaseId } from './global-id.ts';
import { selecting } from './selection.ts';

builder.mutationField('deleteCheckpoint', (t) =>
  t.prismaFieldWithInput({
    type: Checkpoint,
    description: 'Removes the files of a checkpoint of a run that has ended, to make room. That it was saved is still told.',
    errors: {
      types: [NotFound, Conflict],
      union: { description: 'The checkpoint, or why its files were left.' },
      result: { description: 'Its files are gone.' },
      dataField: { description: 'The checkpoint, which is no longer kept.' },
    },
    typeOptions: { description: 'The checkpoint.' },
    argOptions: { description: 'The checkpoint.' },
    input: { checkpointId: t.input.id({ required: true, description: 'The checkpoint.' }) },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const id = databaseId('Checkpoint', input.checkpointId);
      await studio.checkpoints.delete(viewer, id);
      return studio.prisma.checkpoint.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
