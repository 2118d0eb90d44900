import { Invalid, NotFound, requireViewer } from '@anneal/core';
import type { ApiKey as StoredApiKey } from '@anneal/prisma';
import { ApiKey, ApiKeyScope } from './api-key.ts';
import { builder } from './builder.ts';
import { databaseId } from './global-id.ts';
import { selecting } from './selection.ts';

const NewApiKey = builder.objectRef<{ apiKey: StoredApiKey; secret: string }>('NewApiKey').implement({
  description: 'A key that was just made.',
  fields: (t) => ({
    secret: t.exposeString('secret', {
      description: 'Send it as `Authorization: Bearer …`. Shown this once: only a hash of it is stored.',
    }),
    apiKey: t.field({ type: ApiKey, resolve: ({ apiKey }) => apiKey, description: 'The key.' }),
  }),
});

builder.mutationField('createApiKey', (t) =>
  t.fieldWithInput({
    type: NewApiKey,
    description: 'Makes an API key, which acts for you.',
    errors: {
      types: [Invalid, NotFound],
      union: { description: 'The new key, or why there is none.' },
      result: { description: 'The key was made.' },
      dataField: { description: 'The new key, with its secret.' },
    },
    typeOptions: { description: 'The key to make.' },
    argOptions: { description: 'The key to make.' },
    input: {
      name: t.input.string({ required: true, description: 'What it is for; 1 to 100 characters.' }),
      scopes: t.input.field({ type: [ApiKeyScope], required: true, description: 'What it may be used for; at least one.' }),
      expiresAt: t.input.field({ type: 'DateTime', description: 'When it stops working. Left out: when it is revoked.' }),
      projectId: t.input.id({ description: 'The only project that it works for. Left out: all of yours, later ones too.' }),
    },
    resolve: (_root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      return studio.apiKeys.create(viewer, {
        name: input.name,
        scopes: input.scopes,
        expiresAt: input.expiresAt ?? undefined,
        projectId: input.projectId == null ? undefined : databaseId('Project', input.projectId),
      });
    },
  }),
);

builder.mutationField('revokeApiKey', (t) =>
  t.prismaFieldWithInput({
    type: ApiKey,
    description: 'Ends an API key of yours, or one for a project that you own. It stops working at once, its sockets are closed.',
    errors: {
      types: [NotFound],
      union: { description: 'The key that ended, or why none did.' },
      result: { description: 'The key is of no use any more.' },
      dataField: { description: 'The key.' },
    },
    typeOptions: { description: 'The key to end.' },
    argOptions: { description: 'The key to end.' },
    input: { apiKeyId: t.input.id({ required: true, description: 'The key to end.' }) },
    resolve: async (query, _root, { input }, { studio, viewer }) => {
      requireViewer(viewer);
      const { id } = await studio.apiKeys.revoke(viewer, databaseId('ApiKey', input.apiKeyId));
      return studio.prisma.apiKey.findUniqueOrThrow({ ...selecting(query), where: { id } });
    },
  }),
);
