import { Live } from '@anneal/core';
import { createSourceEventStream, execute, type ExecutionArgs } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { mapped } from './async-iteration.ts';
import type { ServerContext } from './context.ts';
import { Content } from './live/content.ts';
import { operationIdentity } from './live/operation-identity.ts';
import { SharedOperation } from './live/shared-operation.ts';
import type { Logger } from './logger.ts';
import type { Executed } from './operations.ts';
import { errorMask } from './use-masked-errors.ts';

/**
 * Executes subscriptions that ask the same of the same live stream once for all their readers. Whether a reader may read is checked
 * before, for each one. Other streams are executed for their reader alone, as graphql-js does.
 */
export function useSharedSubscriptions(logger: Logger): Plugin<ServerContext> {
  const operations = new Map<string, SharedOperation>();

  function shared(source: Live, args: ExecutionArgs, context: ServerContext): SharedOperation {
    const key = `${source.name} ${operationIdentity(args, context.viewer)}`;
    const running = operations.get(key);
    if (running) return running;
    const mask = errorMask(logger, context.requestId);
    const operation: SharedOperation = new SharedOperation({
      follower: source.follow(),
      perform: async (event) => {
        // Each event in a context of its own: nothing that was loaded for the one before is taken for the newest.
        const fresh: ServerContext = { ...context, position: {} };
        const { errors, ...result } = await execute({ ...args, rootValue: event, contextValue: fresh });
        return new Content(errors ? { ...result, errors: errors.map(mask) } : result, fresh.position.cursor);
      },
      onEnd: () => {
        if (operations.get(key) === operation) operations.delete(key);
      },
    });
    operations.set(key, operation);
    return operation;
  }

  return {
    onSubscribe({ args: { contextValue: context }, setSubscribeFn }) {
      setSubscribeFn(async (args: ExecutionArgs): Promise<Executed> => {
        const source = await createSourceEventStream(args);
        if (!isAsyncIterable(source)) return source;
        if (!(source instanceof Live)) return mapped(source, (event) => execute({ ...args, rootValue: event }));
        return shared(source, args, context).join(source.position, context.sink);
      });
    },
  };
}
