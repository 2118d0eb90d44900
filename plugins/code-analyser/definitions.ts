import { cognitive, cyclomatic, deepestNesting } from './complexity.ts';
import type { Words } from './grammar-words.ts';
import type { ClassReport, FunctionReport } from './report.ts';
import type { SyntaxNode } from './syntax-node.ts';

export interface FoundFunction extends FunctionReport {
  node: SyntaxNode;
}

export interface FoundClass extends ClassReport {
  node: SyntaxNode;
}

/** All functions, those inside others too, in the order of the source. */
export function findFunctions(root: SyntaxNode, words: Words): FoundFunction[] {
  const found: FoundFunction[] = [];
  for (const node of root.walk()) {
    if (!node.isNamed || !words.functions.has(node.type)) continue;
    const name = nameOf(node);
    const owner = classOf(node, words);
    found.push({
      node,
      name: name ?? '(anonymous)',
      kind: name === undefined ? 'anonymous' : owner === null ? 'function' : 'method',
      className: owner === null ? null : (owner.child('name')?.text ?? '(anonymous)'),
      line: node.line,
      endLine: node.endLine,
      lines: node.endLine - node.line + 1,
      parameters: parametersOf(node).length,
      isAsync: node.has('async'),
      nesting: deepestNesting(node, words).depth,
      cyclomatic: cyclomatic(node, words),
      cognitive: cognitive(node, words, name),
    });
  }
  return found;
}

export function findClasses(root: SyntaxNode, words: Words, functions: readonly FoundFunction[]): FoundClass[] {
  return [...root.walk()]
    .filter((node) => node.isNamed && words.classes.has(node.type))
    .map((node) => ({
      node,
      name: node.child('name')?.text ?? nameFromOutside(node) ?? '(anonymous)',
      line: node.line,
      endLine: node.endLine,
      bases: basesOf(node),
      methods: functions.filter((each) => classOf(each.node, words) === node).map(({ name }) => name),
    }));
}

/** Its own name, or that of what it is assigned to. */
const nameOf = (node: SyntaxNode): string | undefined => node.child('name')?.text ?? nameFromOutside(node);

function nameFromOutside({ parent, field }: SyntaxNode): string | undefined {
  if (parent === null) return undefined;
  if (parent.type === 'variable_declarator' && field === 'value') return parent.child('name')?.text;
  if (parent.type === 'pair' && field === 'value') return parent.child('key')?.text;
  if (parent.type === 'field_definition' || parent.type === 'public_field_definition') {
    return (parent.child('property') ?? parent.child('name'))?.text;
  }
  if ((parent.type === 'assignment_expression' || parent.type === 'assignment') && field === 'right') return parent.child('left')?.text;
  return undefined;
}

/** The class whose method a function is: the one around it with no other function between. */
function classOf(node: SyntaxNode, words: Words): SyntaxNode | null {
  const around = node.above(new Set([...words.functions, ...words.classes]));
  if (around === null || !words.classes.has(around.type)) return null;
  const isValue = node.parent?.type === 'field_definition' || node.parent?.type === 'public_field_definition';
  return node.type === 'method_definition' || node.type === 'function_definition' || isValue ? around : null;
}

/** What a caller gives: neither `self` and `cls` nor the signs between parameters. */
function parametersOf(node: SyntaxNode): SyntaxNode[] {
  const single = node.child('parameter');
  if (single !== undefined) return [single];
  const all = (node.child('parameters')?.named ?? []).filter(({ type }) => !/comment|separator/.test(type));
  const isMethod =
    node.type === 'function_definition' && node.above(new Set(['class_definition', 'function_definition']))?.type === 'class_definition';
  return isMethod && /^(self|cls)$/.test(all[0]?.text ?? '') ? all.slice(1) : all;
}

function basesOf(node: SyntaxNode): string[] {
  const listed = node.child('superclasses')?.named.filter(({ type }) => type !== 'keyword_argument');
  if (listed !== undefined) return listed.map(({ text }) => text);
  const heritage = node.children.find(({ type }) => type === 'class_heritage');
  if (heritage === undefined) return [];
  const clauses = heritage.named.filter(({ type }) => type === 'extends_clause' || type === 'implements_clause');
  if (clauses.length === 0) return heritage.named.map(({ text }) => text);
  return clauses.flatMap((clause) => clause.named.filter(({ type }) => type !== 'type_arguments').map(({ text }) => text));
}
