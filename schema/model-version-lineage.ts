import { lineageOf, type ModelLineage } from '@anneal/core';
import { GraphQLError } from 'graphql';
import { builder } from './builder.ts';
import { ModelVersion } from './model-version.ts';

/** Most generations each way. */
const deepest = 20;

const ModelLineageLinkRef = builder.objectRef<{ parentId: string; childId: string }>('ModelLineageLink').implement({
  description: 'One version was made from another.',
  fields: (t) => ({
    parentId: t.globalID({
      resolve: ({ parentId: id }) => ({ type: 'ModelVersion', id }),
      description: 'Global id of the version that training started from.',
    }),
    childId: t.globalID({
      resolve: ({ childId: id }) => ({ type: 'ModelVersion', id }),
      description: 'Global id of the version that it made.',
    }),
  }),
});

const ModelLineageRef = builder.objectRef<ModelLineage>('ModelLineage').implement({
  description: 'Versions that a version was made from, and that were made from it: a graph.',
  fields: (t) => ({
    versions: t.prismaField({
      type: [ModelVersion],
      description: 'The versions, the oldest generation first; at most 220.',
      resolve: async (query, { versionIds }, _args, { studio }) => {
        const found = await studio.prisma.modelVersion.findMany({ ...query, where: { id: { in: versionIds } } });
        return versionIds.flatMap((id) => found.filter((version) => version.id === id));
      },
    }),
    links: t.field({ type: [ModelLineageLinkRef], resolve: ({ links }) => links, description: 'What was made from what.' }),
    isComplete: t.exposeBoolean('isComplete', { description: 'False when there are more generations or more versions than this.' }),
  }),
});

builder.prismaObjectField('ModelVersion', 'lineage', (t) =>
  t.field({
    type: ModelLineageRef,
    args: { depth: t.arg.int({ defaultValue: 5, description: `Generations each way, 1 to ${deepest}.` }) },
    select: { parentId: true },
    complexity: { field: 20, multiplier: 20 },
    description: 'Its ancestors and descendants.',
    resolve: ({ id, parentId }, { depth }, { studio, viewer }) => {
      const generations = depth ?? 5;
      if (generations < 1 || generations > deepest) {
        throw new GraphQLError(`"depth" is ${generations}; 1 to ${deepest} generations can be read at once.`, {
          extensions: { code: 'BAD_USER_INPUT' },
        });
      }
      return lineageOf(studio.prisma, viewer, { id, parentId }, generations);
    },
  }),
);
