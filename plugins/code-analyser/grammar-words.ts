import type { SyntaxNode } from './syntax-node.ts';

/** What the types of nodes mean in a family of languages. */
export interface Words {
  functions: ReadonlySet<string>;
  classes: ReadonlySet<string>;
  /** Each is one more way through the code. */
  decisions: ReadonlySet<string>;
  /** Blocks that count as one level of nesting. */
  blocks: ReadonlySet<string>;
  /** What ends a block: nothing after it is reached. */
  exits: ReadonlySet<string>;
  comments: ReadonlySet<string>;
  /** and, or, ?? : undefined where the node is none. */
  logicalOperator(node: SyntaxNode): string | undefined;
  /** An `else if`, which nests no deeper than its `if`. */
  isElseIf(node: SyntaxNode): boolean;
  /** A plain `else`. */
  isElse(node: SyntaxNode): boolean;
}

const javascript: Words = {
  functions: new Set([
    'function_declaration',
    'generator_function_declaration',
    'function_expression',
    'generator_function',
    'arrow_function',
    'method_definition',
  ]),
  classes: new Set(['class_declaration', 'class', 'abstract_class_declaration']),
  decisions: new Set([
    'if_statement',
    'for_statement',
    'for_in_statement',
    'while_statement',
    'do_statement',
    'switch_case',
    'catch_clause',
    'ternary_expression',
  ]),
  blocks: new Set([
    'if_statement',
    'for_statement',
    'for_in_statement',
    'while_statement',
    'do_statement',
    'switch_statement',
    'catch_clause',
    'ternary_expression',
  ]),
  exits: new Set(['return_statement', 'throw_statement', 'break_statement', 'continue_statement']),
  comments: new Set(['comment', 'html_comment', 'hash_bang_line']),
  logicalOperator(node) {
    if (node.type !== 'binary_expression') return undefined;
    const operator = node.child('operator')?.type;
    return operator === '&&' || operator === '||' || operator === '??' ? operator : undefined;
  },
  isElseIf: (node) => node.type === 'if_statement' && node.parent?.type === 'else_clause',
  isElse: (node) => node.type === 'else_clause' && !node.has('if_statement'),
};

const python: Words = {
  functions: new Set(['function_definition', 'lambda']),
  classes: new Set(['class_definition']),
  decisions: new Set([
    'if_statement',
    'elif_clause',
    'for_statement',
    'while_statement',
    'except_clause',
    'except_group_clause',
    'conditional_expression',
    'for_in_clause',
    'if_clause',
    'case_clause',
  ]),
  blocks: new Set([
    'if_statement',
    'for_statement',
    'while_statement',
    'except_clause',
    'except_group_clause',
    'conditional_expression',
    'match_statement',
  ]),
  exits: new Set(['return_statement', 'raise_statement', 'break_statement', 'continue_statement']),
  comments: new Set(['comment']),
  logicalOperator: (node) => (node.type === 'boolean_operator' ? node.child('operator')?.type : undefined),
  isElseIf: (node) => node.type === 'elif_clause',
  isElse: (node) => node.type === 'else_clause' && node.parent?.type !== 'try_statement',
};

export const wordsOf = { python, javascript, typescript: javascript };
