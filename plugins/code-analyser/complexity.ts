import type { Words } from './grammar-words.ts';
import type { SyntaxNode } from './syntax-node.ts';

/** Ways through a piece of code (McCabe 1976): its decisions plus one. What functions inside it decide is theirs. */
export function cyclomatic(root: SyntaxNode, words: Words): number {
  return 1 + count(root, words, (node) => words.functions.has(node.type) && node !== root);
}

/** The same for a whole file: with the decisions of all its functions. */
export const cyclomaticOfAll = (root: SyntaxNode, words: Words): number => 1 + count(root, words, () => false);

function count(root: SyntaxNode, words: Words, isElsewhere: (node: SyntaxNode) => boolean): number {
  let found = 0;
  const waiting: SyntaxNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (isElsewhere(node)) continue;
    if (node.isNamed && words.decisions.has(node.type)) found += 1;
    if (words.logicalOperator(node) !== undefined) found += 1;
    waiting.push(...node.children);
  }
  return found;
}

/** Blocks inside one another, at most, functions inside not counted. */
export function deepestNesting(root: SyntaxNode, words: Words): { depth: number; node: SyntaxNode } {
  let deepest = { depth: 0, node: root };
  const waiting = [{ node: root, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node } = next;
    if (words.functions.has(node.type) && node !== root) continue;
    const isBlock = node.isNamed && words.blocks.has(node.type) && !words.isElseIf(node);
    const depth = next.depth + (isBlock ? 1 : 0);
    if (depth > deepest.depth) deepest = { depth, node };
    for (const child of node.children.toReversed()) waiting.push({ node: child, depth });
  }
  return deepest;
}

/**
 * How hard a piece of code is to follow (Campbell, "Cognitive Complexity", 2018): one for each break in the flow, one more for each level that
 * it is nested in, one for each run of the same logical operator, for `else`, for jumps to a label and for calling oneself.
 */
export function cognitive(root: SyntaxNode, words: Words, ownName: string | undefined): number {
  let total = 0;
  let callsItself = false;
  const waiting = [{ node: root, nesting: 0, isInFunction: words.functions.has(root.type) }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node } = next;
    let { nesting, isInFunction } = next;
    if (node.isNamed && (words.isElseIf(node) || words.isElse(node))) total += 1;
    if (node.isNamed && words.blocks.has(node.type) && !words.isElseIf(node)) {
      total += 1 + nesting;
      nesting += 1;
    } else if (words.functions.has(node.type) && node !== root) {
      // A function of the file is no nesting; one inside another is.
      if (isInFunction) nesting += 1;
      isInFunction = true;
    }
    const operator = words.logicalOperator(node);
    if (operator !== undefined && !continuesRun(node, operator, words)) total += 1;
    if (isLabelledJump(node)) total += 1;
    if (ownName !== undefined && isCallOf(node, ownName)) callsItself = true;
    for (const child of node.children) waiting.push({ node: child, nesting, isInFunction });
  }
  return total + (callsItself ? 1 : 0);
}

/** Whether the operator is the one around it: `a && b && c` is one run. */
function continuesRun(node: SyntaxNode, operator: string, words: Words): boolean {
  let { parent } = node;
  while (parent?.type === 'parenthesized_expression') parent = parent.parent;
  return parent !== null && words.logicalOperator(parent) === operator;
}

const isLabelledJump = (node: SyntaxNode): boolean =>
  (node.type === 'break_statement' || node.type === 'continue_statement') && node.child('label') !== undefined;

/** `name(…)`, `this.name(…)`, `self.name(…)`. */
function isCallOf(node: SyntaxNode, name: string): boolean {
  if (node.type !== 'call' && node.type !== 'call_expression') return false;
  const called = node.child('function')?.text;
  return called === name || called === `this.${name}` || called === `self.${name}`;
}
