import { getNullableType, isListType, type GraphQLOutputType } from 'graphql';

/** What a list without a size of its own is taken to hold. */
const listSize = 5;

/** The cost of a field that states none. The edges of a connection are free: the connection has counted its page. */
export function fieldCost(field: { name: string; type: GraphQLOutputType }): { field: number; multiplier: number } {
  if (field.name === 'edges') return { field: 0, multiplier: 1 };
  return { field: 1, multiplier: isListType(getNullableType(field.type)) ? listSize : 1 };
}
