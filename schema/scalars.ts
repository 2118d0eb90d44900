import { GraphQLError, Kind, valueFromASTUntyped } from 'graphql';
import { builder } from './builder.ts';

const instant = (value: unknown): Date => {
  const date = typeof value === 'string' ? new Date(value) : undefined;
  if (!date || Number.isNaN(date.getTime()))
    throw new GraphQLError(`${JSON.stringify(value)} is no instant; give one like "2025-01-31T12:00:00.000Z".`);
  return date;
};

builder.scalarType('DateTime', {
  description: 'An instant, in UTC: `2025-01-31T12:00:00.000Z` (ISO 8601).',
  serialize: (value) => value.toISOString(),
  parseValue: instant,
  parseLiteral: (node) => instant(node.kind === Kind.STRING ? node.value : undefined),
});

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});
