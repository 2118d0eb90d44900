import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import DataloaderPlugin from '@pothos/plugin-dataloader';
import ErrorsPlugin from '@pothos/plugin-errors';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import WithInputPlugin from '@pothos/plugin-with-input';
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
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
  };
}

const upperFirst = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** Every type is defined on this builder; a file a type. Plugins that are named first wrap those behind them. */
export const builder = new SchemaBuilder<Types>({
  plugins: [WithInputPlugin, ErrorsPlugin, ComplexityPlugin, PrismaPlugin, RelayPlugin, DataloaderPlugin],
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
  errors: {
    defaultTypes: [],
    defaultUnionOptions: { name: ({ fieldName }) => `${upperFirst(fieldName)}Result` },
    defaultResultOptions: { name: ({ fieldName }) => `${upperFirst(fieldName)}Success` },
  },
  // The limits themselves are the server's business: it measures each operation once, before it runs (cost.ts).
  complexity: { disabled: true, fieldComplexity: (_args, _context, field) => fieldCost(field) },
  withInput: { typeOptions: { name: ({ fieldName }) => `${upperFirst(fieldName)}Input` } },
});

builder.queryType({ description: 'What can be read.' });
builder.mutationType({
  description: 'What can be changed. Each change takes one `input` and answers a union: the success, or what went wrong and can be mended.',
});
builder.subscriptionType({ description: 'What can be followed live. Over WebSocket (graphql-transport-ws) and server-sent events.' });
