import { GraphQLError, type ExecutionArgs } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { whenEnded } from './async-iteration.ts';
import type { Limits } from './limits.ts';
import type { Execute } from './operations.ts';

/** Bounds the subscriptions that run at the same time on the whole server, over WebSocket and SSE together. */
export function useSubscriptionLimit({ subscriptions: limit }: Pick<Limits, 'subscriptions'>): Plugin {
  let running = 0;
  return {
    onSubscribe({ subscribeFn, setSubscribeFn, setResultAndStopExecution }) {
      if (running >= limit) {
        setResultAndStopExecution({ errors: [tooMany(limit)] });
        return;
      }
      const subscribe: Execute = subscribeFn;
      setSubscribeFn(async (operation: ExecutionArgs) => {
        running++;
        try {
          const result = await subscribe(operation);
          if (isAsyncIterable(result)) return whenEnded(result, () => running--);
          running--;
          return result;
        } catch (error) {
          running--;
          throw error;
        }
      });
    },
  };
}

const tooMany = (limit: number) =>
  new GraphQLError(`${limit} subscriptions are running on this server, which is the limit. Close some, or try again later.`, {
    extensions: { code: 'SUBSCRIPTION_LIMIT', http: { status: 503 } },
  });
