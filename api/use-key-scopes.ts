import { Forbidden, type Viewer } from '@anneal/core';
import { explainError } from '@anneal/schema';
import {
  type DocumentNode,
  getNamedType,
  getOperationAST,
  type GraphQLError,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type GraphQLNamedType,
  type SelectionSetNode,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { ServerContext } from './context.ts';

interface Operation {
  schema: GraphQLSchema;
  document: DocumentNode;
  operationName?: unknown;
  contextValue: ServerContext;
}

/**
 * An API key without the scope `read` learns what its own change has made, and nothing else: from a run that it started there is no
 * way on to the project, to other runs, or to curves.
 */
export function useKeyScopes(): Plugin<ServerContext> {
  const refusal = ({ schema, document, operationName, contextValue: { viewer } }: Operation): GraphQLError | undefined => {
    if (!viewer || viewer.scopes.has('read')) return undefined;
    const operation = getOperationAST(document, typeof operationName === 'string' ? operationName : undefined);
    const root = operation ? schema.getRootType(operation.operation) : undefined;
    const field = operation && root ? readingField({ schema, document }, operation.selectionSet, root, 0) : undefined;
    return field === undefined ? undefined : explainError(new Forbidden(messageFor(viewer, field)));
  };
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const error = refusal(args);
      if (error) setResultAndStopExecution({ errors: [error] });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const error = refusal(args);
      if (error) setResultAndStopExecution({ errors: [error] });
    },
  };
}

const messageFor = ({ scopes }: Viewer, field: string) =>
  `This API key may not be used for reading: it lacks the scope "read" (it has ${[...scopes].join(', ')}). Ask for "id" and other plain fields, without "${field}".`;

/** Levels of objects below a root field: the success of a change, what it made, and what lies beside that when it is no node itself. */
const deepest = 3;

/** The first field that leads on from what a change has made; undefined: there is none. @param level of objects above */
function readingField(
  within: { schema: GraphQLSchema; document: DocumentNode },
  set: SelectionSetNode,
  parent: GraphQLNamedType,
  level: number,
): string | undefined {
  for (const selection of set.selections) {
    const found = readingSelection(within, selection, parent, level);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readingSelection(
  within: { schema: GraphQLSchema; document: DocumentNode },
  selection: SelectionSetNode['selections'][number],
  parent: GraphQLNamedType,
  level: number,
): string | undefined {
  const { schema, document } = within;
  switch (selection.kind) {
    case Kind.INLINE_FRAGMENT: {
      const type = selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : parent;
      return type && readingField(within, selection.selectionSet, type, level);
    }
    case Kind.FRAGMENT_SPREAD: {
      const fragment = document.definitions.find((one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name.value);
      if (fragment?.kind !== Kind.FRAGMENT_DEFINITION) return undefined;
      const type = schema.getType(fragment.typeCondition.name.value);
      return type && readingField(within, fragment.selectionSet, type, level);
    }
    case Kind.FIELD: {
      const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[selection.name.value] : undefined;
      const type = field && getNamedType(field.type);
      if (!type || !isCompositeType(type) || !selection.selectionSet) return undefined;
      if (isNode(schema, parent) || level >= deepest) return selection.name.value;
      return readingField(within, selection.selectionSet, type, level + 1);
    }
  }
}

function isNode(schema: GraphQLSchema, type: GraphQLNamedType): boolean {
  const node = schema.getType('Node');
  return type === node || (isAbstractType(node) && (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(node, type));
}
