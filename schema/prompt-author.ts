import type { PrismaClient, User } from '@anneal/prisma';

/** Those who wrote something, in the order of their ids; null: somebody who was removed. */
export async function authors(prisma: PrismaClient, ids: readonly string[]): Promise<(User | null)[]> {
  const found = await prisma.user.findMany({ where: { id: { in: [...ids] } } });
  return ids.map((id) => found.find((user) => user.id === id) ?? null);
}
