import { performance } from 'node:perf_hooks';
import { type ExecutionArgs, getOperationAST } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { whenEnded } from '../async-iteration.ts';
import type { Execute } from '../operations.ts';
import type { Measures } from './measures.ts';
import { traceOperation } from './telemetry.ts';

/** Counts and traces operations and how long they take; of subscriptions how long it takes to open them, and how many run. */
export function useMeasures(measures: Measures): Plugin {
  const begin = ({ document, operationName }: ExecutionArgs) => {
    const operation = getOperationAST(document, operationName);
    const kind = operation?.operation ?? 'unknown';
    const endSpan = traceOperation(kind, operation?.name?.value);
    const start = performance.now();
    return (result: 'success' | 'errors') => {
      measures.operation(kind, result, (performance.now() - start) / 1000);
      endSpan(result);
    };
  };
  return {
    onExecute({ args }) {
      const end = begin(args);
      return { onExecuteDone: ({ result }) => end(!isAsyncIterable(result) && result.errors?.length ? 'errors' : 'success') };
    },
    onSubscribe({ args, subscribeFn, setSubscribeFn }) {
      const end = begin(args);
      const subscribe: Execute = subscribeFn;
      setSubscribeFn(async (operation: ExecutionArgs) => {
        const result = await subscribe(operation);
        end(isAsyncIterable(result) ? 'success' : 'errors');
        return isAsyncIterable(result) ? whenEnded(result, measures.subscription()) : result;
      });
    },
  };
}
