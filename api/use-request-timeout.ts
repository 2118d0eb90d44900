import { GraphQLError, type ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Limits } from './limits.ts';
import type { Execute, Executed } from './operations.ts';

/** Answers a query or mutation that takes too long with an error. Subscriptions may last. */
export function useRequestTimeout({ requestSeconds }: Pick<Limits, 'requestSeconds'>): Plugin {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      const execute: Execute = executeFn;
      setExecuteFn((operation: ExecutionArgs) => {
        let timer: NodeJS.Timeout | undefined;
        const timeout = new Promise<Executed>((resolve) => {
          timer = setTimeout(() => resolve({ errors: [timedOut(requestSeconds)] }), requestSeconds * 1000);
        });
        return Promise.race([execute(operation), timeout]).finally(() => clearTimeout(timer));
      });
    },
  };
}

const timedOut = (seconds: number) =>
  new GraphQLError(
    `The request took longer than ${seconds} s, which is the limit. A change that it began may still be made: look before you try again.`,
    {
      extensions: { code: 'TIMEOUT', http: { status: 504 } },
    },
  );
