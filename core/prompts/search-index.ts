import { Prisma, type PrismaClient, type Prompt, type PromptVersion } from '@anneal/prisma';
import { wordsOf } from './search-words.ts';

/** What is looked for in, the most telling first. */
interface Words {
  name: string[];
  description: string[];
  content: string[];
}

/** A prompt with how well it fits; higher is better, and says nothing by itself. */
export interface Ranked {
  promptId: string;
  score: number;
}

/** What a prompt is found by. */
interface Findable {
  prompt: Pick<Prompt, 'id' | 'projectId' | 'name' | 'description' | 'category' | 'useCase'>;
  tags: readonly string[];
  newest: Pick<PromptVersion, 'systemPrompt' | 'template'>;
}

/** Prompts that are written by one statement. */
const atOnce = 50;
/** Words of a part that are kept, and different words of a question that are looked for. */
const mostWords = 20_000;
const mostWanted = 32;
/** Positions in a tsvector end there. */
const lastPosition = 16_383;

/**
 * The words of prompts, for the search by text: FTS5 on SQLite, a `tsvector` on PostgreSQL, in the table "PromptSearch", which Prisma
 * does not know. What is deleted leaves it by itself.
 */
export class PromptSearchIndex {
  readonly #isPostgresql: boolean;
  readonly #onPut: (projectId: string) => void;

  /** @param options isPostgresql: which database it is on; onPut: hears in which project something is about to be said anew */
  constructor({ isPostgresql, onPut = () => undefined }: { isPostgresql: boolean; onPut?: (projectId: string) => void }) {
    this.#isPostgresql = isPostgresql;
    this.#onPut = onPut;
  }

  /** Lets a prompt be found by what it says now. Its tags are read from the database. */
  async put(transaction: Prisma.TransactionClient, prompt: Findable['prompt'], newest: Findable['newest']): Promise<void> {
    const { id } = prompt;
    const tags = await transaction.promptTag.findMany({ where: { promptId: id }, orderBy: { name: 'asc' } });
    // By its index: to look for a column alone would read the whole table.
    if (!this.#isPostgresql)
      await transaction.$executeRaw`
        DELETE FROM "PromptSearch" WHERE "PromptSearch" MATCH ${`"promptId" : "${id.replaceAll('"', '""')}"`} AND "promptId" = ${id}`;
    await this.insert(transaction, [{ prompt, newest, tags: tags.map(({ name }) => name) }]);
  }

  /** The same for prompts that were not there before. */
  async insert(transaction: Prisma.TransactionClient, prompts: readonly Findable[]): Promise<void> {
    for (const projectId of new Set(prompts.map(({ prompt }) => prompt.projectId))) this.#onPut(projectId);
    for (let start = 0; start < prompts.length; start += atOnce) {
      const rows = prompts.slice(start, start + atOnce).map((one) => ({ id: one.prompt.id, words: wordsAbout(one) }));
      await transaction.$executeRaw(this.#isPostgresql ? insertDocuments(rows) : insertTexts(rows));
    }
  }

  /**
   * Prompts of a project with all words of a text, the best first; the last word may be the beginning of one. A text without words: none.
   * @param most so many of the best. Left out: all
   */
  async find(prisma: PrismaClient | Prisma.TransactionClient, projectId: string, text: string, most?: number): Promise<Ranked[]> {
    const limit = most === undefined ? Prisma.empty : Prisma.sql`LIMIT ${most}`;
    const words = [...new Set(wordsOf(text))].slice(0, mostWanted);
    // A word that was said before may be the last one all the same.
    const last = wordsOf(text).at(-1);
    if (last === undefined) return [];
    const query = this.#isPostgresql
      ? Prisma.sql`
          SELECT "Prompt"."id" AS "promptId",
            ts_rank(ARRAY[0.1, 0.2, 0.4, 1.0]::real[], "PromptSearch"."document", CAST(${tsquery(words, last)} AS tsquery))::double precision AS "score"
          FROM "PromptSearch" JOIN "Prompt" ON "Prompt"."id" = "PromptSearch"."promptId"
          WHERE "Prompt"."projectId" = ${projectId} AND "PromptSearch"."document" @@ CAST(${tsquery(words, last)} AS tsquery)
          ORDER BY 2 DESC, "Prompt"."name" ${limit}`
      : Prisma.sql`
          SELECT "Prompt"."id" AS "promptId", -bm25("PromptSearch", 0.0, 10.0, 4.0, 1.0) AS "score"
          FROM "PromptSearch" JOIN "Prompt" ON "Prompt"."id" = "PromptSearch"."promptId"
          WHERE "PromptSearch" MATCH ${fts5Query(words, last)} AND "Prompt"."projectId" = ${projectId}
          ORDER BY 2 DESC, "Prompt"."name" ${limit}`;
    return prisma.$queryRaw<Ranked[]>(query);
  }
}

function wordsAbout({ prompt: { name, description, category, useCase }, tags, newest }: Findable): Words {
  return {
    name: wordsOf(name).slice(0, mostWords),
    description: wordsOf([category, ...tags, useCase, description].join(' ')).slice(0, mostWords),
    content: wordsOf(`${newest.template} ${newest.systemPrompt}`).slice(0, mostWords),
  };
}

interface Row {
  id: string;
  words: Words;
}

const insertDocuments = (rows: readonly Row[]): Prisma.Sql =>
  Prisma.sql`
    INSERT INTO "PromptSearch" ("promptId", "document")
    VALUES ${Prisma.join(rows.map(({ id, words }) => Prisma.sql`(${id}, CAST(${documentOf(words)} AS tsvector))`))}
    ON CONFLICT ("promptId") DO UPDATE SET "document" = EXCLUDED."document"`;

function insertTexts(rows: readonly Row[]): Prisma.Sql {
  const values = rows.map(({ id, words }) => {
    const [name, description, content] = [words.name, words.description, words.content].map((list) => list.join(' '));
    return Prisma.sql`(${id}, ${name}, ${description}, ${content})`;
  });
  return Prisma.sql`INSERT INTO "PromptSearch" ("promptId", "name", "description", "content") VALUES ${Prisma.join(values)}`;
}

/** Words have nothing in them that would have to be escaped. */
const fts5Query = (words: readonly string[], last: string): string =>
  `{"name" "description" "content"} : (${words.map((word) => (word === last ? `"${word}"*` : `"${word}"`)).join(' ')})`;

const tsquery = (words: readonly string[], last: string): string =>
  words.map((word) => (word === last ? `'${word}':*` : `'${word}'`)).join(' & ');

/** The text of a tsvector: each word with where it stands and how much it weighs. */
function documentOf({ name, description, content }: Words): string {
  const places = new Map<string, string[]>();
  let position = 0;
  for (const [list, weight] of [
    [name, 'A'],
    [description, 'B'],
    [content, 'D'],
  ] as const) {
    for (const word of list) {
      position = Math.min(position + 1, lastPosition);
      const known = places.get(word) ?? [];
      if (known.length < 250) known.push(`${position}${weight}`);
      places.set(word, known);
    }
  }
  return [...places].map(([word, at]) => `'${word}':${at.join(',')}`).join(' ');
}
