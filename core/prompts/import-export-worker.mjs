/*
 * Reads and writes YAML in a thread of its own: that takes seconds for a large file, in which the studio would answer nobody else.
 * JSON is YAML as well: lines are found in both.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isCollection, isNode, LineCounter, parseDocument, stringify } from 'yaml';

/** Nodes that aliases may come to: a few lines could become gigabytes otherwise. */
const mostAliases = 100;

const { text, paths, file } = workerData;
const lines = new LineCounter();

try {
  parentPort?.postMessage(file === undefined ? read() : { text: stringify(file, { lineWidth: 0, aliasDuplicateObjects: false }) });
} catch (error) {
  // Too many aliases, or brackets within brackets until the stack is full.
  parentPort?.postMessage({ problem: error instanceof Error ? error.message : String(error) });
}

function read() {
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', resolveKnownTags: false });
  if (paths) return { lines: paths.map((/** @type {(string | number)[]} */ path) => lineOf(document.contents, path)) };
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) return { problem: problem.message, line: problem.linePos?.[0].line };
  return { value: document.toJS({ maxAliasCount: mostAliases }) };
}

/**
 * Line of what is at a path, or of what it would be in.
 * @param {unknown} contents
 * @param {(string | number)[]} path
 */
function lineOf(contents, path) {
  let found = contents;
  for (const key of path) {
    const inner = isCollection(found) ? found.get(key, true) : undefined;
    if (!isNode(inner)) break;
    found = inner;
  }
  const start = isNode(found) ? found.range?.[0] : undefined;
  return start === undefined ? undefined : lines.linePos(start).line;
}
