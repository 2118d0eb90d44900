import { performance } from 'node:perf_hooks';
import type { Studio } from '@anneal/core';
import { type DocumentNode, getOperationAST, Kind, type SelectionSetNode } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { ServerContext } from './context.ts';

/** Counts what API keys are used for, by root field. Subscriptions count once, when they begin. */
export function useApiKeyUsage({ apiKeyUsage }: Pick<Studio, 'apiKeyUsage'>): Plugin<ServerContext> {
  const begin = ({
    contextValue,
    document,
    operationName,
  }: {
    contextValue: ServerContext;
    document: DocumentNode;
    operationName?: unknown;
  }) => {
    const { viewer } = contextValue;
    if (viewer?.credential.kind !== 'apiKey') return undefined;
    const startedAt = performance.now();
    return (result: unknown) => {
      const isError = isFailed(result);
      const milliseconds = performance.now() - startedAt;
      const name = typeof operationName === 'string' ? operationName : undefined;
      for (const operation of rootFields(document, name)) apiKeyUsage.record(viewer, { operation, milliseconds, isError });
    };
  };
  return {
    onExecute({ args }) {
      const end = begin(args);
      return end && { onExecuteDone: ({ result }) => end(result) };
    },
    onSubscribe({ args }) {
      const end = begin(args);
      return end && { onSubscribeResult: ({ result }) => end(result) };
    },
  };
}

const isFailed = (result: unknown): boolean =>
  !isAsyncIterable(result) && typeof result === 'object' && result !== null && 'errors' in result && result.errors !== undefined;

/** Names of the root fields of an operation, each once. */
function rootFields(document: DocumentNode, operationName: string | undefined): Set<string> {
  const names = new Set<string>();
  const seen = new Set<string>();
  const collect = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
      else if (!seen.has(selection.name.value)) {
        seen.add(selection.name.value);
        for (const definition of document.definitions)
          if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value)
            collect(definition.selectionSet);
      }
    }
  };
  collect(getOperationAST(document, operationName)?.selectionSet);
  return names;
}
