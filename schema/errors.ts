import {
  Conflict,
  Forbidden,
  Invalid,
  LimitExceeded,
  NotFound,
  RateLimited,
  StudioError,
  Unauthenticated,
  Unavailable,
  type Issue,
} from '@anneal/core';
import { isUnreachable } from '@anneal/prisma';
import { PothosValidationError } from '@pothos/core';
import { GraphQLError } from 'graphql';
import { builder } from './builder.ts';

export const IssueRef = builder.objectRef<Issue>('Issue').implement({
  description: 'One thing that is wrong with an input.',
  fields: (t) => ({
    path: t.exposeString('path', {
      description: 'Where: the dotted path of a field (`optimizer.learningRate`, `name`), a file, or a row (`rows.14.output`).',
    }),
    message: t.exposeString('message', { description: 'What is wrong and what would be right.' }),
  }),
});

export const ErrorInterface = builder.interfaceRef<StudioError>('Error').implement({
  description: 'Why a change was not made. Something that the caller can mend.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'What is wrong and what to do, for people.' }),
    code: t.exposeString('code', {
      description:
        'The same for programs; it does not change: `INVALID_INPUT`, `NOT_FOUND`, `CONFLICT`, `UNAUTHENTICATED`, `FORBIDDEN`, `UNAVAILABLE`, `LIMIT_EXCEEDED`, `PLUGIN_FAILED`.',
    }),
  }),
});

builder.objectType(Invalid, {
  name: 'InvalidInput',
  description: 'The input has the right shape but values that cannot be.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    issues: t.field({ type: [IssueRef], resolve: (error) => [...error.issues], description: 'One for each field that is wrong.' }),
  }),
});

builder.objectType(NotFound, { name: 'NotFound', description: 'What the input refers to does not exist.', interfaces: [ErrorInterface] });

builder.objectType(Unauthenticated, {
  name: 'Unauthenticated',
  description: 'Who asks is not known: what they showed is wrong, or not valid any more.',
  interfaces: [ErrorInterface],
});

builder.objectType(Forbidden, {
  name: 'Forbidden',
  description: 'The caller may not do that: a role in the project, or a scope of the API key, is missing.',
  interfaces: [ErrorInterface],
});

builder.objectType(Conflict, {
  name: 'Conflict',
  description: 'The change does not fit to how things stand now.',
  interfaces: [ErrorInterface],
});

builder.objectType(LimitExceeded, {
  name: 'LimitExceeded',
  description: 'More than the studio is set to take or give; the message says how much that is.',
  interfaces: [ErrorInterface],
});

builder.objectType(Unavailable, {
  name: 'Unavailable',
  description: 'The studio cannot do it at the moment.',
  interfaces: [ErrorInterface],
});

/**
 * What a caller may see of an error outside a result union: GraphQL's own errors as they are, the studio's with code and
 * issues. Undefined for everything else, which is a bug and nobody's business.
 */
export function explainError(error: unknown): GraphQLError | undefined {
  const original = error instanceof GraphQLError ? error.originalError : error;
  if (original instanceof StudioError) {
    const place = error instanceof GraphQLError ? { nodes: error.nodes, path: error.path } : {};
    if (original instanceof RateLimited) return tooOften(original, place);
    // Outside of result unions GraphQL servers commonly call a wrong input so.
    const extensions = original instanceof Invalid ? { code: 'BAD_USER_INPUT', issues: original.issues } : { code: original.code };
    return new GraphQLError(original.message, { ...place, extensions });
  }
  if (!(error instanceof GraphQLError)) return undefined;
  if (isUnreachable(original))
    return withCode(
      new GraphQLError('The database cannot be reached at the moment. Try again later.', { nodes: error.nodes, path: error.path }),
      'UNAVAILABLE',
    );
  if ((original ?? error) instanceof PothosValidationError) return withCode(error, 'BAD_USER_INPUT');
  return !original || original instanceof GraphQLError ? error : undefined;
}

function withCode({ message, nodes, path, extensions }: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(message, { nodes, path, extensions: { code, ...extensions } });
}

/** Over HTTP the whole answer is 429 Too Many Requests (RFC 6585), with the time to wait. */
function tooOften({ message, code, retrySeconds }: RateLimited, place: Pick<GraphQLError, 'nodes' | 'path'> | object): GraphQLError {
  const http = { status: 429, headers: { 'retry-after': String(retrySeconds) } };
  return new GraphQLError(message, { ...place, extensions: { code, retrySeconds, http } });
}
