import type { z } from '@anneal/plugins/kit';
import { cognitive, cyclomaticOfAll } from './complexity.ts';
import { findClasses, findFunctions } from './definitions.ts';
import { wordsOf } from './grammar-words.ts';
import { findImports } from './imports.ts';
import { countLines } from './lines.ts';
import { type Grammar, parse } from './parse.ts';
import type { LanguageName, report, Thresholds } from './report.ts';
import { findSmells } from './smells.ts';
import type { SyntaxNode } from './syntax-node.ts';

/** Mistakes that are told; code of another language has thousands. */
const mostSyntaxErrors = 50;

/** Everything that can be said about a source without running it. */
export async function analyse(
  code: string,
  language: LanguageName,
  isTsx: boolean,
  thresholds: Thresholds,
): Promise<z.input<typeof report>> {
  const grammar: Grammar = language === 'typescript' && isTsx ? 'tsx' : language;
  const root = await parse(code, grammar);
  const words = wordsOf[language];
  const functions = findFunctions(root, words);
  const classes = findClasses(root, words, functions);
  const imports = findImports(root, language);
  const highest = (values: number[]) => values.reduce((most, value) => Math.max(most, value), 0);
  return {
    language,
    lines: countLines(root, code, words),
    // Nodes stay here: the report's schema takes only what is its own.
    functions: functions.map(({ node: _, ...each }) => each),
    classes: classes.map(({ node: _, ...each }) => each),
    imports: imports.map(({ node: _, ...each }) => each),
    complexity: {
      cyclomatic: cyclomaticOfAll(root, words),
      cognitive: cognitive(root, words, undefined),
      highestCyclomatic: highest(functions.map((each) => each.cyclomatic)),
      highestCognitive: highest(functions.map((each) => each.cognitive)),
    },
    smells: findSmells({ root, words, functions, classes, imports }, thresholds),
    syntaxErrors: syntaxErrors(root),
  };
}

function syntaxErrors(root: SyntaxNode) {
  const found: { line: number; column: number; message: string }[] = [];
  for (const node of root.walk()) {
    if (found.length >= mostSyntaxErrors) break;
    const { line, column } = node;
    if (node.isMissing) found.push({ line, column, message: `${node.type} is missing` });
    else if (node.type === 'ERROR') found.push({ line, column, message: `this does not fit: ${JSON.stringify(node.text.slice(0, 40))}` });
  }
  return found;
}
