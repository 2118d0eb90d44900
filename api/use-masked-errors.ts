import { randomUUID } from 'node:crypto';
import { GraphQLError, type ExecutionArgs, type ExecutionResult } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { explainError } from '@anneal/schema';
import { endWithError } from './async-iteration.ts';
import type { ServerContext } from './context.ts';
import type { Logger } from './logger.ts';
import type { Execute } from './operations.ts';

/**
 * What a caller can mend is shown as it is. Everything else is a bug: it is logged whole, and the caller sees a request id
 * to look for in the log. Also catches what a subscription's source throws half-way, so that the reader gets an error and not
 * a broken connection.
 */
export function useMaskedErrors(logger: Logger): Plugin<ServerContext> {
  return {
    onExecute({ args }) {
      const mask = errorMask(logger, args.contextValue.requestId);
      return {
        onExecuteDone({ result, setResult }) {
          if (!isAsyncIterable(result) && result.errors) setResult({ ...result, errors: result.errors.map(mask) });
        },
      };
    },
    onSubscribe({ args, subscribeFn, setSubscribeFn }) {
      const mask = errorMask(logger, args.contextValue.requestId);
      const maskResult = (result: ExecutionResult): ExecutionResult => {
        const errors = result.errors?.map(mask);
        // A result that was masked before, for all its readers, stays the same.
        return errors?.some((error, index) => error !== result.errors?.[index]) ? { ...result, errors } : result;
      };
      const subscribe: Execute = subscribeFn;
      setSubscribeFn(async (operation: ExecutionArgs) => {
        try {
          const result = await subscribe(operation);
          return isAsyncIterable(result) ? endWithError(result, (error) => ({ errors: [mask(error)] }), maskResult) : maskResult(result);
        } catch (error) {
          return { errors: [mask(error)] };
        }
      });
    },
  };
}

/** Gives a function that turns any thrown value into the error that the caller sees. */
export function errorMask(logger: Logger, requestId: string = randomUUID()) {
  return (error: unknown): GraphQLError => {
    const shown = explainError(error);
    if (shown) return shown;
    logger.error({ error: error instanceof GraphQLError ? (error.originalError ?? error) : error, requestId }, 'unexpected error');
    const place = error instanceof GraphQLError ? { nodes: error.nodes, path: error.path } : {};
    return new GraphQLError(`Something went wrong inside the studio. It was logged as request ${requestId}.`, {
      ...place,
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
    });
  };
}
