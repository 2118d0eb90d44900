/**
 * Shows what the bundled base model learns from: sample documents, rows and tasks, and how many tokens they are.
 *
 *   node --import tsx scripts/base-model/inspect.ts [--seed N] [--documents N] [--model FOLDER] [--json]
 *
 * With --model the tokenizer of that folder counts; without, one is trained on the spot. --json prints the figures only.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  corpusDocuments,
  families,
  heldOutTasks,
  instructionRows,
  isHeldOut,
  loadTokenizer,
  type Tokenizer,
  trainBpe,
  writeTokenizer,
} from '@anneal/engine';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '0' },
    documents: { type: 'string', default: '4000' },
    model: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const documents: string[] = [];
for (const document of corpusDocuments(Number(options.seed))) if (documents.push(document) >= Number(options.documents)) break;
const rows = instructionRows(2500, Number(options.seed));
const tasks = heldOutTasks();
const tokenizer = options.model === undefined ? await freshTokenizer() : await loadTokenizer(options.model);

const used = new Set<number>();
const lengths = (texts: readonly string[]): number[] =>
  texts.map((text) => {
    const ids = tokenizer.encode(text, { addSpecialTokens: false });
    for (const id of ids) used.add(id);
    return ids.length;
  });
const characters = documents.reduce((sum, { length }) => sum + length, 0);
const documentTokens = lengths(documents);
const structures = families.flatMap((family) =>
  family.structures.map((structure) => ({ key: structure.key, heldOut: isHeldOut(family, structure) })),
);

const figures = {
  families: families.length,
  combinations: new Set(structures.map(({ key }) => key)).size,
  heldOutCombinations: new Set(structures.filter(({ heldOut }) => heldOut).map(({ key }) => key)).size,
  charactersPerToken: characters / documentTokens.reduce((a, b) => a + b, 0),
  tokensPerDocument: spread(documentTokens),
  tokensPerRow: spread(lengths(rows.map(({ instruction, output }) => instruction + output))),
  tokensPerTask: spread(lengths(tasks.map(({ instruction }) => instruction))),
  differentTokensUsed: used.size,
};

if (options.json) console.log(JSON.stringify(figures));
else {
  for (const document of documents.slice(0, 8)) console.log(`--- document\n${document}`);
  for (const { instruction, output } of rows.slice(0, 12)) console.log(`--- row\n${instruction}\n\n${output}\n`);
  for (const { id, instruction, tests } of tasks.slice(0, 12))
    console.log(`--- task ${id}\n${instruction}\n${tests.map((test) => JSON.stringify(test)).join('\n')}\n`);
  console.log(figures);
}

function spread(values: readonly number[]): { lowest: number; median: number; p95: number; highest: number; mean: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    lowest: at(0),
    median: at(0.5),
    p95: at(0.95),
    highest: at(1),
    mean: Math.round(values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)),
  };
}

async function freshTokenizer(): Promise<Tokenizer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'anneal-inspect-'));
  try {
    await writeTokenizer(folder, trainBpe(documents, 2048), 512);
    return await loadTokenizer(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
