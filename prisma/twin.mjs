// A Prisma schema has one provider: the schema for PostgreSQL is derived from the one for SQLite, which people edit.
import fs from 'node:fs';
import path from 'node:path';

/** Where the derived schema lies. */
export const twinFile = path.join(import.meta.dirname, 'generated/postgresql.prisma');

/**
 * The schema for PostgreSQL: its own provider and output, the same models. The fields keep Prisma's own types for PostgreSQL: double
 * precision, timestamp(3), jsonb, bigint, text.
 * @param {string} schema the one for SQLite
 * @throws {Error} when that does not look as it is expected to
 */
function twinOf(schema) {
  const replacements = /** @type {const} */ ([
    [/^(\s*provider\s*=\s*)"sqlite"/m, '$1"postgresql"'],
    [/^(\s*output\s*=\s*)"\.\/generated\/sqlite"/m, '$1"./postgresql"'],
    // The GraphQL schema is built on the one for SQLite.
    [/^generator pothos \{[^}]*\}\n\n/m, ''],
  ]);
  let twin = schema;
  for (const [pattern, replacement] of replacements) {
    if (!pattern.test(twin)) throw new Error(`schema.prisma has nothing like ${String(pattern)}: mend twin.mjs`);
    twin = twin.replace(pattern, replacement);
  }
  return `// Derived from ../schema.prisma by twin.mjs: edit that one.\n${twin}`;
}

/** Derives the schema for PostgreSQL anew; a file that says the same already is left alone. @returns {string} its place */
export function writeTwin() {
  const twin = twinOf(fs.readFileSync(path.join(import.meta.dirname, 'schema.prisma'), 'utf8'));
  if (!fs.existsSync(twinFile) || fs.readFileSync(twinFile, 'utf8') !== twin) {
    fs.mkdirSync(path.dirname(twinFile), { recursive: true });
    fs.writeFileSync(twinFile, twin);
  }
  return twinFile;
}
