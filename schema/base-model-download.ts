import { NotFound, requireViewer } from '@anneal/core';
import { BaseModelRef } from './base-model.ts';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { stoppable } from './stream.ts';

builder.subscriptionField('baseModelDownload', (t) =>
  t.field({
    type: BaseModelRef,
    description:
      'How far a download is: at once, then at most four times a second, and last with its end in whatever way. Has no cursor: subscribing again begins with how it stands.',
    args: { id: t.arg.id({ required: true, description: 'The base model.' }) },
    subscribe: async (_root, { id }, { studio, viewer }) => {
      requireViewer(viewer);
      const baseModelId = databaseId('BaseModel', id);
      if (!(await studio.baseModels.find(viewer, baseModelId))) throw new NotFound(`There is no base model with the id "${id}".`);
      return stoppable((signal) => studio.baseModels.follow(viewer, baseModelId, signal));
    },
    resolve: (model) => model,
  }),
);
