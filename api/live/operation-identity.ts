import type { Viewer } from '@anneal/core';
import {
  getOperationAST,
  getVariableValues,
  Kind,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLSchema,
} from 'graphql';

interface Selection {
  /** The operation without its name and without the arguments of the subscription itself. */
  text: string;
  /** What of the variables is used inside, in order. */
  variables: readonly string[];
  /** Whether every type inside shows everybody the same. */
  isSameForAll: boolean;
}

const selections = new WeakMap<DocumentNode, Map<string, Selection>>();

/**
 * What a subscription asks about each of its events. Those of the same source and the same identity get the same answers, so that one
 * execution does for all. Where it begins to read, and what its source is, is not part of it. Types say with the extension
 * `isSameForAll` that nothing in them depends on who asks; with any other type inside, only readers with the same rights share.
 */
export function operationIdentity(
  { schema, document, operationName, variableValues }: Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'>,
  viewer: Viewer | null,
): string {
  const { text, variables, isSameForAll } = selectionOf(schema, document, operationName ?? '');
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  const { coerced = {} } = getVariableValues(schema, definitions, variableValues ?? {});
  const values = variables.map((name) => [name, coerced[name]]);
  return JSON.stringify([text, values, isSameForAll ? 'everybody' : rightsOf(viewer)]);
}

function rightsOf(viewer: Viewer | null): unknown {
  if (!viewer) return null;
  const { userId, credential, isAdministrator, scopes, roles } = viewer;
  return [userId, credential, isAdministrator, [...scopes].sort(), [...roles].sort()];
}

function selectionOf(schema: GraphQLSchema, document: DocumentNode, operationName: string): Selection {
  const known = selections.get(document) ?? new Map<string, Selection>();
  selections.set(document, known);
  const selection = known.get(operationName) ?? readSelection(schema, document, operationName);
  known.set(operationName, selection);
  return selection;
}

function readSelection(schema: GraphQLSchema, document: DocumentNode, operationName: string): Selection {
  const operation = getOperationAST(document, operationName || undefined);
  const root = schema.getSubscriptionType();
  const variables = new Set<string>();
  let isSameForAll = true;
  const types = new TypeInfo(schema);
  const definitions = document.definitions.filter((definition) => definition === operation || definition.kind === Kind.FRAGMENT_DEFINITION);
  const stripped = visit(
    { kind: Kind.DOCUMENT, definitions },
    visitWithTypeInfo(types, {
      OperationDefinition: {
        leave: (node) => ({ ...node, name: undefined, variableDefinitions: [] }),
      },
      Field(node) {
        const parent = types.getParentType();
        if (parent === root) return { ...node, arguments: [] };
        if (parent?.extensions.isSameForAll !== true) isSameForAll = false;
        return undefined;
      },
    }),
  );
  visit(stripped, { Variable: ({ name }) => void variables.add(name.value) });
  return { text: print(stripped), variables: [...variables].sort(), isSameForAll };
}
