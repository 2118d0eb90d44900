import { builder } from './builder.ts';

export const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of a list comes first.',
  values: {
    ASC: { description: 'Lowest, oldest or A first.' },
    DESC: { description: 'Highest, newest or Z first.' },
  } as const,
});

/** GraphQL says `ASC`, Prisma `asc`. */
export const sortOrder = { ASC: 'asc', DESC: 'desc' } as const;
