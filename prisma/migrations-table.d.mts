/** The table in which Prisma records what was applied, as its own engine creates it. By provider. */
export declare const migrationsTable: { readonly sqlite: string; readonly postgres: string };
