import { Client, fetchExchange, type AnyVariables, type CombinedError, type OperationResult } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { authorizedFetch } from '../session/credentials.ts';

/** Values without an id belong to the object that holds them. */
const embedded = (): null => null;

/** For lists and forms: answers are kept, normalised by id, so that going back shows a page at once. */
export const studio = new Client({
  url: '/graphql',
  fetch: authorizedFetch,
  preferGetMethod: false,
  exchanges: [
    cacheExchange({
      keys: {
        BaseModel: embedded,
        Issue: embedded,
        MetricSummary: embedded,
        MetricSeries: embedded,
        MetricBucket: embedded,
        RunError: embedded,
        TrainingConfigForm: embedded,
        TrainingConfigSection: embedded,
        TrainingConfigField: embedded,
      },
    }),
    fetchExchange,
  ],
});

/** For changes, and for what is read once and kept elsewhere: normalising thousands of measured values would only cost time. */
export const direct = new Client({
  url: '/graphql',
  fetch: authorizedFetch,
  preferGetMethod: false,
  exchanges: [fetchExchange],
  requestPolicy: 'network-only',
});

/** The answer's data, or an error that a person can read. */
export function dataOf<Data, Variables extends AnyVariables>(result: OperationResult<Data, Variables>): Data {
  if (result.data) return result.data;
  throw new Error(result.error ? explain(result.error) : 'The studio sent an empty answer. Try again.');
}

function explain(error: CombinedError): string {
  if (error.networkError) return 'The studio cannot be reached. Check that it is running; this page goes on by itself as soon as it is.';
  return error.graphQLErrors.map(({ message }) => message).join(' ');
}
