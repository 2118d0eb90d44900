import { GraphQLError, isObjectType, type GraphQLSchema } from 'graphql';

export const defaultPageSize = 20;
export const maximumPageSize = 100;

interface PageArguments {
  first?: number | null;
  last?: number | null;
}

/**
 * The cost of a connection: itself, and what is selected inside once for each item of the page.
 * @throws GraphQLError `BAD_USER_INPUT` when the page is not of 1 to 100 items
 */
export function connectionCost({ first, last }: PageArguments): { field: number; multiplier: number } {
  checkSize('first', first);
  checkSize('last', last);
  return { field: 1, multiplier: first ?? last ?? defaultPageSize };
}

/** The same for a list whose size the caller gives. */
export function checkSize(argument: string, size: number | null | undefined): void {
  if (size === undefined || size === null || (size >= 1 && size <= maximumPageSize)) return;
  throw new GraphQLError(
    `"${argument}" is ${size}; 1 to ${maximumPageSize} items can be read at once. Read more with "after" or "before".`,
    {
      extensions: { code: 'BAD_USER_INPUT' },
    },
  );
}

/** The Prisma plugin makes `totalCount` and takes no description for it. */
export function describeTotalCounts(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    const field = isObjectType(type) ? type.getFields().totalCount : undefined;
    if (field) field.description ??= 'How many items the whole list has, over all pages.';
  }
  return schema;
}
