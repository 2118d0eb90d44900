import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';

/** What running an operation gives: one result, or a stream of them. */
export type Executed = ExecutionResult | AsyncIterable<ExecutionResult>;

/** Runs an operation. Envelop types it with `any`, since its plugins may put anything in its place. */
export type Execute = (args: ExecutionArgs) => Executed | Promise<Executed>;

/** The GraphQL functions for one operation, all plugins inside. */
export interface OperationFunctions {
  schema: GraphQLSchema;
  parse: (source: string) => DocumentNode;
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  contextFactory: () => unknown;
  execute: Execute;
  subscribe: Execute;
}
