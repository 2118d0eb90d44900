/**
 * Prisma refuses to select nothing, which is what a document comes to that asks a mutation for its `__typename` alone.
 * @param query what Pothos made of the document
 */
export function selecting<Query extends object>(query: Query): Query {
  if (!('select' in query) || typeof query.select !== 'object' || query.select === null) return query;
  return Object.keys(query.select).length > 0 ? query : { ...query, select: { id: true } };
}
