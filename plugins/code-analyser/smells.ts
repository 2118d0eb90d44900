import { deepestNesting } from './complexity.ts';
import type { FoundClass, FoundFunction } from './definitions.ts';
import type { Words } from './grammar-words.ts';
import { type FoundImport, usedNames } from './imports.ts';
import type { Smell, Thresholds } from './report.ts';
import type { SyntaxNode } from './syntax-node.ts';

export interface Source {
  root: SyntaxNode;
  words: Words;
  functions: readonly FoundFunction[];
  classes: readonly FoundClass[];
  imports: readonly FoundImport[];
}

/** What smells, in the order of the source. */
export function findSmells(source: Source, thresholds: Thresholds): Smell[] {
  const found = [
    ...source.functions.flatMap((each) => ofFunction(each, source.words, thresholds)),
    ...source.classes.flatMap((each) => ofClass(each, thresholds)),
    ...ofImports(source),
    ...[...source.root.walk()].flatMap((node) => (node.isNamed ? ofNode(node, source.words) : [])),
  ];
  return found.sort((left, right) => left.line - right.line);
}

const smell = (
  rule: Smell['rule'],
  severity: Smell['severity'],
  { line, endLine }: { line: number; endLine: number },
  message: string,
): Smell => ({
  ...{ rule, severity, line, endLine, message },
});

function ofFunction(found: FoundFunction, words: Words, most: Thresholds): Smell[] {
  const { name, node, lines, parameters, nesting } = found;
  const measured: [Smell['rule'], number, number, string, SyntaxNode][] = [
    ['long-function', lines, most.functionLines, `has ${lines} lines: split it into functions with a name each`, node],
    ['many-parameters', parameters, most.parameters, `has ${parameters} parameters: put those that belong together into one`, node],
    [
      'deep-nesting',
      nesting,
      most.nesting,
      `nests ${nesting} blocks: return early, or take the inner ones out`,
      deepestNesting(node, words).node,
    ],
    [
      'high-cyclomatic-complexity',
      found.cyclomatic,
      most.cyclomatic,
      `has ${found.cyclomatic} ways through it: each of them wants a test`,
      node,
    ],
    ['high-cognitive-complexity', found.cognitive, most.cognitive, `is hard to follow (${found.cognitive}): flatten its conditions`, node],
  ];
  return measured
    .filter(([, value, threshold]) => value > threshold)
    .map(([rule, , threshold, message, where]) => smell(rule, 'warning', where, `${name} ${message} (at most ${threshold})`));
}

const ofClass = ({ name, node, methods }: FoundClass, { classMethods }: Thresholds): Smell[] =>
  methods.length > classMethods
    ? [
        smell(
          'large-class',
          'warning',
          node,
          `${name} has ${methods.length} methods (at most ${classMethods}): it does more than one thing`,
        ),
      ]
    : [];

function ofImports({ root, imports }: Source): Smell[] {
  const used = usedNames(root, imports);
  return imports.flatMap(({ node, module, names, line }) => {
    if (module === '__future__') return [];
    return names.flatMap(({ local }) => {
      const where = { line, endLine: node.endLine };
      if (local === '*') return [smell('star-import', 'warning', where, `everything of ${module} is imported: name what is needed`)];
      return used.has(local)
        ? []
        : [smell('unused-import', 'warning', where, `${local} is imported${local === module ? '' : ` from ${module}`} and not used`)];
    });
  });
}

function ofNode(node: SyntaxNode, words: Words): Smell[] {
  if (words.comments.has(node.type)) return ofComment(node);
  if (words.exits.has(node.type)) return ofExit(node, words);
  switch (node.type) {
    case 'except_clause':
      return ofExcept(node);
    case 'catch_clause':
      return isEmpty(node.child('body'))
        ? [smell('empty-catch', 'warning', node, 'the error is caught and forgotten: handle it, or say why not')]
        : [];
    case 'default_parameter':
    case 'typed_default_parameter':
      return ofDefault(node);
    case 'binary_expression':
      return ofComparison(node);
    case 'variable_declaration':
      return node.has('var') ? [smell('var-declaration', 'info', node, 'var reaches out of its block: use const or let')] : [];
    case 'predefined_type':
      return node.text === 'any'
        ? [smell('explicit-any', 'info', node, 'any turns the checking of types off: say what it is, or unknown')]
        : [];
    case 'debugger_statement':
      return [smell('debugger', 'warning', node, 'a debugger statement was left in')];
    case 'call':
    case 'call_expression':
      return ofCall(node);
    default:
      return [];
  }
}

function ofComment(node: SyntaxNode): Smell[] {
  const word = /\b(TODO|FIXME|XXX|HACK)\b/.exec(node.text)?.[1];
  return word === undefined ? [] : [smell('todo', 'info', node, node.text.replace(/^[#/*\s]+|[*/\s]+$/g, '').slice(0, 200))];
}

/** Something stands behind it in the same block. */
function ofExit(node: SyntaxNode, words: Words): Smell[] {
  if (!/^(block|statement_block|program|module)$/.test(node.parent?.type ?? '')) return [];
  const siblings = node.parent?.named.filter(({ type }) => !words.comments.has(type) && !/function|class/.test(type)) ?? [];
  const next = siblings[siblings.indexOf(node) + 1];
  return next === undefined ? [] : [smell('unreachable-code', 'error', next, 'this is never reached')];
}

function ofExcept(node: SyntaxNode): Smell[] {
  const body = node.named.find(({ type }) => type === 'block');
  const isBare = node.named.every(({ type }) => type === 'block' || type === 'comment');
  const isForgotten = body?.named.every(({ type, text }) => type === 'pass_statement' || text === '...') ?? false;
  return [
    ...(isBare ? [smell('bare-except', 'warning', node, 'it catches everything, also the wish to stop: name the exceptions')] : []),
    ...(isForgotten ? [smell('empty-catch', 'warning', node, 'the error is caught and forgotten: handle it, or say why not')] : []),
  ];
}

const isEmpty = (body: SyntaxNode | undefined): boolean => body !== undefined && body.named.length === 0;

/** Python makes it once, for all calls. */
function ofDefault(node: SyntaxNode): Smell[] {
  const value = node.child('value');
  const isMutable =
    value !== undefined && /^(list|dictionary|set|list_comprehension|dictionary_comprehension|set_comprehension)$/.test(value.type);
  const name = node.child('name')?.text ?? 'the parameter';
  return isMutable ? [smell('mutable-default', 'warning', node, `the default of ${name} is shared by all calls: use None`)] : [];
}

function ofComparison(node: SyntaxNode): Smell[] {
  const operator = node.child('operator')?.type;
  if (operator !== '==' && operator !== '!=') return [];
  // Compared with null it is a known way to ask for undefined as well.
  if ([node.child('left'), node.child('right')].some((side) => side?.type === 'null')) return [];
  return [smell('loose-equality', 'warning', node, `${operator} turns its sides into one another first: use ${operator}=`)];
}

function ofCall(node: SyntaxNode): Smell[] {
  const called = node.child('function')?.text ?? '';
  if (/^(eval|exec)$/.test(called)) return [smell('eval', 'error', node, `${called} runs whatever text it is given`)];
  const isDebugger = /^(breakpoint|pdb\.set_trace|ipdb\.set_trace)$/.test(called);
  return isDebugger ? [smell('debugger', 'warning', node, `${called}() was left in`)] : [];
}
