import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import DataloaderPlugin from '@pothos/plugin-dataloader';
import ErrorsPlugin from '@pothos/plugin-errors';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import WithInputPlugin from '@pothos/plugin-with-input';
import { Forbidden, requireScope, requireViewer } from '@anneal/core';
import type PrismaTypes from '@anneal/prisma/pothos';
import { getDatamodel } from '@anneal/prisma/pothos';
import type { Context } from './context.ts';
import { fieldCost } from './field-cost.ts';
import { defaultPageSize, maximumPageSize } from './page.ts';
import { relayOptions } from './relay-options.ts';

export interface Types {
  Context: Context;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  AuthScopes: {
    /** Somebody who is known, with a credential that may read. */
    reader: boolean;
    /** Somebody who is known. */
    signedIn: boolean;
    /** A member of the project with this database id. */
    member: string;
    /** An owner of the project with this database id. */
    owner: string;
    /** The user with this database id, and not a key of theirs. */
    self: string;
    /** Somebody who is known and there in person, not with an API key. */
    person: boolean;
    /** An administrator of the studio, in person. */
    administrator: boolean;
  };
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
  };
}

const upperFirst = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** Every type is defined on this builder; a file a type. Plugins that are named first wrap those behind them. */
export const builder = new SchemaBuilder<Types>({
  plugins: [WithInputPlugin, ErrorsPlugin, ScopeAuthPlugin, ComplexityPlugin, PrismaPlugin, RelayPlugin, DataloaderPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (context) => context.studio.prisma,
    dmmf: getDatamodel(),
    filterConnectionTotalCount: true,
    maxConnectionSize: maximumPageSize,
    defaultConnectionSize: defaultPageSize,
    onUnusedQuery: null,
  },
  relay: relayOptions,
  scopeAuth: {
    // A type is checked once for each of its objects, whichever way led there.
    runScopesOnType: true,
    authorizeOnSubscribe: true,
    unauthorizedError: () => new Forbidden('You may not see that.'),
    // Looked at when it is asked: a mutation that makes a project makes its caller a member on the way.
    authScopes: (context) => ({
      reader: () => {
        requireScope(context.viewer, 'read');
        return true;
      },
      signedIn: () => {
        requireViewer(context.viewer);
        return true;
      },
      member: (projectId) => context.viewer?.roles.has(projectId) ?? false,
      owner: (projectId) => context.viewer?.roles.get(projectId) === 'OWNER',
      self: (userId) => context.viewer?.userId === userId && context.viewer.credential.kind !== 'apiKey',
      person: () => context.viewer !== null && context.viewer.credential.kind !== 'apiKey',
      administrator: () => context.viewer?.isAdministrator ?? false,
    }),
  },
  errors: {
    defaultTypes: [Forbidden],
    defaultUnionOptions: { name: ({ fieldName }) => `${upperFirst(fieldName)}Result` },
    defaultResultOptions: { name: ({ fieldName }) => `${upperFirst(fieldName)}Success` },
  },
  // The limits themselves are the server's business: it measures each operation once, before it runs (cost.ts).
  complexity: { disabled: true, fieldComplexity: (_args, _context, field) => fieldCost(field) },
  withInput: { typeOptions: { name: ({ fieldName }) => `${upperFirst(fieldName)}Input` } },
});

builder.queryType({ description: 'What can be read.', authScopes: { reader: true } });
builder.mutationType({
  authScopes: { signedIn: true },
  description: 'What can be changed. Each change takes one `input` and answers a union: the success, or what went wrong and can be mended.',
});
builder.subscriptionType({
  description: 'What can be followed live. Over WebSocket (graphql-transport-ws) and server-sent events.',
  authScopes: { reader: true },
});
