import { complexityFromQuery } from '@pothos/plugin-complexity';
import {
  type DocumentNode,
  getOperationAST,
  getVariableValues,
  type GraphQLNamedType,
  type GraphQLSchema,
  isLeafType,
  Kind,
  type TypeNode,
} from 'graphql';

export interface OperationCost {
  /** A field is 1; what is inside a list or a page is multiplied by its size. */
  complexity: number;
  /** Levels of fields below each other. */
  depth: number;
  /** Fields in all, fragments followed. */
  breadth: number;
}

export interface MeasuredOperation {
  schema: GraphQLSchema;
  document: DocumentNode;
  operationName?: string | null;
  variableValues?: Record<string, unknown> | null;
  contextValue?: unknown;
}

/**
 * Measures a validated operation with its variables.
 * Null when execution will refuse it anyway: no such operation, or variables that do not fit.
 * @throws GraphQLError for arguments that no field may have, such as a page of 10,000 items
 */
export function operationCost({ schema, document, operationName, variableValues, contextValue }: MeasuredOperation): OperationCost | null {
  const operation = getOperationAST(document, operationName);
  if (!operation || !schema.getRootType(operation.operation)) return null;
  const variables = variableValues ?? {};
  // Costs depend on numbers and lists of names alone. What is inside of input objects may be long and is checked once, by execution.
  const definitions = (operation.variableDefinitions ?? []).filter(({ type }) => isLeafType(namedType(schema, type)));
  if (getVariableValues(schema, definitions, variables).errors) return null;
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return complexityFromQuery(
    { kind: Kind.DOCUMENT, definitions: [operation, ...fragments] },
    { schema, variables, ctx: typeof contextValue === 'object' && contextValue !== null ? contextValue : {} },
  );
}

/** What a variable holds, its lists unwrapped. */
function namedType(schema: GraphQLSchema, type: TypeNode): GraphQLNamedType | undefined {
  return type.kind === Kind.NAMED_TYPE ? schema.getType(type.name.value) : namedType(schema, type.type);
}
