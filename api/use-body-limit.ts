import { GraphQLError } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Limits } from './limits.ts';

/** Says in the answer how large a body may be. Yoga does the counting, while it reads (`maxRequestBodySize`). */
export function useBodyLimit({ bodyBytes }: Pick<Limits, 'bodyBytes'>): Plugin {
  return {
    onResultProcess(payload) {
      const { result } = payload;
      if (isAsyncIterable(result) || Array.isArray(result) || !result.errors?.some(isTooLarge)) return;
      const message = `The request body is larger than ${bodyBytes.toLocaleString('en-US')} bytes, which is the limit.`;
      payload.setResult({ errors: [new GraphQLError(message, { extensions: { code: 'BODY_LIMIT', http: { status: 413 } } })] });
    },
  };
}

const isTooLarge = (error: GraphQLError) => error.extensions.code === 'REQUEST_ENTITY_TOO_LARGE';
