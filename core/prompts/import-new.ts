import type { Prisma } from '@anneal/prisma';
import type { Viewer } from '../access/viewer.ts';
import { auditAll } from '../audit/audit.ts';
import { newId } from '../ids.ts';
import type { FilePrompt } from './import-export-file.ts';
import { refuseProtected } from './labels.ts';
import type { PromptSearchIndex } from './search-index.ts';
import { storable } from './version-content.ts';

interface NewPrompts {
  projectId: string;
  /** None of their names is taken. */
  file: readonly FilePrompt[];
  search: Pick<PromptSearchIndex, 'insert'>;
}

/**
 * Makes prompts with all their versions and labels, a table at a time: nobody else writes meanwhile.
 * @returns their ids
 * @throws Forbidden when one of the labels is protected and they do not own the project
 */
export async function insertImported(
  transaction: Prisma.TransactionClient,
  viewer: Viewer,
  { projectId, file, search }: NewPrompts,
): Promise<string[]> {
  if (file.length === 0) return [];
  await refuseProtected(transaction, viewer, projectId, [...new Set(file.flatMap(({ labels }) => [...labels.keys()]))]);
  const time = new Date();
  const rows = file.map((given) => rowsOf(given, { projectId, userId: viewer.userId, time }));
  await transaction.prompt.createMany({ data: rows.map(({ prompt }) => prompt) });
  await transaction.promptTag.createMany({ data: rows.flatMap(({ tags }) => tags) });
  await transaction.promptVersion.createMany({ data: rows.flatMap(({ versions }) => versions) });
  await transaction.promptLabel.createMany({ data: rows.flatMap(({ labels }) => labels) });
  await transaction.labelChange.createMany({ data: rows.flatMap(({ changes }) => changes) });
  await auditAll(
    transaction,
    viewer,
    rows.flatMap(({ prompt, changes }) => {
      const subject = { type: 'Prompt', id: prompt.id };
      const deployed = changes.map(({ label, fromNumber, toNumber }) => ({
        ...{ action: 'deployPromptVersion', projectId, subject, details: { label, fromNumber, toNumber } },
      }));
      return [{ action: 'createPrompt', projectId, subject, details: { name: prompt.name } }, ...deployed];
    }),
  );
  await search.insert(
    transaction,
    rows.flatMap(({ prompt, tags, versions }) => {
      const newest = versions.at(-1);
      return newest ? [{ prompt, newest, tags: tags.map(({ name }) => name) }] : [];
    }),
  );
  return rows.map(({ prompt }) => prompt.id);
}

/** A prompt as rows of all tables. Its versions are numbered anew. */
function rowsOf(
  { versions: given, labels: pointers, tags: names, ...fields }: FilePrompt,
  { projectId, userId, time }: { projectId: string; userId: string; time: Date },
) {
  const promptId = newId();
  const versions = given.map(({ number: _, ...checked }, index) => ({
    ...{ id: newId(), promptId, number: index + 1, createdById: userId },
    ...storable(checked),
  }));
  const ids = new Map(given.map(({ number }, index) => [number, versions[index]]));
  const pointing = [...pointers].flatMap(([label, number]) => {
    const version = ids.get(number);
    return version ? [{ label, version }] : [];
  });
  return {
    prompt: { id: promptId, projectId, ...fields, lastNumber: versions.length, createdById: userId },
    tags: names.map((name) => ({ promptId, name })),
    versions,
    labels: pointing.map(({ label, version }) => ({ promptId, name: label, versionId: version.id, updatedAt: time })),
    changes: pointing.map(({ label, version }) => ({
      ...{ id: newId(), promptId, label, fromNumber: null, toNumber: version.number, notes: 'Imported', userId, time },
    })),
  };
}
