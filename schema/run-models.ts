import { visibleTo } from '@anneal/core';
import { BaseModelRef } from './base-model.ts';
import { builder } from './builder.ts';
import { ModelVersion } from './model-version.ts';

builder.prismaObjectField('Run', 'baseModel', (t) =>
  t.field({
    type: BaseModelRef,
    nullable: true,
    select: { baseModelId: true },
    // A folder is looked at for each.
    complexity: 5,
    description: 'The registered base model that it starts from; null when it is none, or was deleted: see `config` then.',
    resolve: ({ baseModelId }, _args, { studio, viewer }) => (baseModelId === null ? null : studio.baseModels.find(viewer, baseModelId)),
  }),
);

builder.prismaObjectField('Run', 'modelVersions', (t) =>
  t.relation('modelVersions', {
    type: ModelVersion,
    query: (_args, { viewer }) => ({ where: { model: visibleTo(viewer) }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 100 }),
    description: 'Versions of models that were made of it, the first one first; at most 100.',
  }),
);
