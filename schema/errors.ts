import { Conflict, Invalid, NotFound, StudioError, Unavailable, type Issue } from '@anneal/core';
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

const ErrorInterface = builder.interfaceRef<StudioError>('Error').implement({
  description: 'Why a change was not made. Something that the caller can mend.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'What is wrong and what to do, for people.' }),
    code: t.exposeString('code', {
      description: 'The same for programs; it does not change: `INVALID_INPUT`, `NOT_FOUND`, `CONFLICT`, `UNAVAILABLE`.',
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

builder.objectType(Conflict, {
  name: 'Conflict',
  description: 'The change does not fit to how things stand now.',
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
    // Outside of result unions GraphQL servers commonly call a wrong input so.
    const extensions = original instanceof Invalid ? { code: 'BAD_USER_INPUT', issues: original.issues } : { code: original.code };
    return new GraphQLError(original.message, { ...place, extensions });
  }
  if (!(error instanceof GraphQLError)) return undefined;
  if ((original ?? error) instanceof PothosValidationError) return withCode(error, 'BAD_USER_INPUT');
  return !original || original instanceof GraphQLError ? error : undefined;
}

function withCode({ message, nodes, path, extensions }: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(message, { nodes, path, extensions: { code, ...extensions } });
}
