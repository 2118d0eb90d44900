import { GraphQLError } from 'graphql';

export const defaultPageSize = 20;
export const maximumPageSize = 100;

interface PageArguments {
  first?: number | null;
  last?: number | null;
}

/**
 * The cost of a page: itself, and what is selected inside once for each item.
 * @throws GraphQLError `BAD_USER_INPUT` when the page is not of 1 to 100 items
 */
export function pageCost(args: PageArguments): { field: number; multiplier: number } {
  for (const name of ['first', 'last'] as const) {
    const size = args[name];
    if (size !== undefined && size !== null && (size < 1 || size > maximumPageSize)) {
      throw new GraphQLError(`"${name}" is ${size}; a page has 1 to ${maximumPageSize} items. Read more with "after" or "before".`, {
        extensions: { code: 'BAD_USER_INPUT' },
      });
    }
  }
  return { field: 1, multiplier: args.first ?? args.last ?? defaultPageSize };
}
