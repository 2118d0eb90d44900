/**
 * Fails when schema.graphql breaks clients and CHANGES.md does not say so in the same change. The change is what is not committed yet,
 * or else the last commit. Without a history (a downloaded archive) there is nothing to compare with.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { buildSchema, findBreakingChanges } from 'graphql';

const folder = import.meta.dirname;

const git = (...options: string[]): string | undefined => {
  try {
    return execFileSync('git', options, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch {
    return undefined;
  }
};

const now = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
/** Undefined: there was none. */
const at = (revision: string, name: string): string | undefined => git('show', `${revision}:schema/${name}`);

const isCommitted = at('HEAD', 'schema.graphql') === now('schema.graphql') && at('HEAD', 'CHANGES.md') === now('CHANGES.md');
const before = isCommitted ? 'HEAD~1' : 'HEAD';
const schemaBefore = at(before, 'schema.graphql');

if (schemaBefore !== undefined) {
  const changes = findBreakingChanges(buildSchema(schemaBefore), buildSchema(now('schema.graphql')));
  if (changes.length > 0 && (at(before, 'CHANGES.md') ?? '') === now('CHANGES.md')) {
    const told = changes.map(({ type, description }) => `  ${type}: ${description}`).join('\n');
    console.error(`The GraphQL schema breaks clients, and schema/CHANGES.md does not say so:\n${told}`);
    process.exitCode = 1;
  }
}
