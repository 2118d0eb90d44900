import type { ImportReport, LanguageName } from './report.ts';
import type { SyntaxNode } from './syntax-node.ts';

export interface FoundImport extends ImportReport {
  node: SyntaxNode;
}

/** What a file imports, in the order of the source. */
export function findImports(root: SyntaxNode, language: LanguageName): FoundImport[] {
  const read = language === 'python' ? fromPython : fromJavaScript;
  return [...root.walk()].flatMap((node) => (node.isNamed ? read(node) : []));
}

function fromPython(node: SyntaxNode): FoundImport[] {
  if (node.type === 'import_statement') {
    return node.childrenOf('name').map((each) => {
      const { name, alias } = aliasOf(each);
      // `import a.b` gives the name a.
      return { node, module: name, names: [{ name: '*', local: alias ?? name.split('.')[0] ?? name }], line: each.line };
    });
  }
  if (node.type !== 'import_from_statement' && node.type !== 'future_import_statement') return [];
  const module = node.child('module_name')?.text ?? '__future__';
  const star = node.children.some(({ type }) => type === 'wildcard_import') ? [{ name: '*', local: '*' }] : [];
  const names = node.childrenOf('name').map((each) => {
    const { name, alias } = aliasOf(each);
    return { name, local: alias ?? name };
  });
  return [{ node, module, names: [...star, ...names], line: node.line }];
}

function aliasOf(node: SyntaxNode): { name: string; alias: string | undefined } {
  if (node.type !== 'aliased_import') return { name: node.text, alias: undefined };
  return { name: node.child('name')?.text ?? node.text, alias: node.child('alias')?.text };
}

function fromJavaScript(node: SyntaxNode): FoundImport[] {
  if (node.type === 'call_expression') return fromRequire(node);
  const source = node.child('source');
  if (node.type !== 'import_statement' || source === undefined) return [];
  const clause = node.named.find(({ type }) => type === 'import_clause');
  const names = (clause?.named ?? []).flatMap((each) => {
    if (each.type === 'identifier') return [{ name: 'default', local: each.text }];
    if (each.type === 'namespace_import') return [{ name: '*', local: each.named[0]?.text ?? '*' }];
    return each.named
      .filter(({ type }) => type === 'import_specifier')
      .map((specifier) => {
        const name = specifier.child('name')?.text ?? specifier.text;
        return { name, local: specifier.child('alias')?.text ?? name };
      });
  });
  return [{ node, module: unquote(source.text), names, line: node.line }];
}

/** `require('x')`; what it is assigned to is a variable as any other. */
function fromRequire(node: SyntaxNode): FoundImport[] {
  const [argument] = node.child('arguments')?.named ?? [];
  const called = node.child('function')?.text;
  if ((called !== 'require' && called !== 'import') || argument?.type !== 'string') return [];
  return [{ node, module: unquote(argument.text), names: [], line: node.line }];
}

const unquote = (text: string): string => text.replace(/^['"`]|['"`]$/g, '');

/** Names that a file uses outside its imports. */
export function usedNames(root: SyntaxNode, imports: readonly FoundImport[]): Set<string> {
  const statements = new Set(imports.filter(({ names }) => names.length > 0).map(({ node }) => node));
  const used = new Set<string>();
  const waiting: SyntaxNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (statements.has(node)) continue;
    if (isName(node)) used.add(node.text);
    // A name in a list of what is exported, or in a type that is written as a text.
    else if (node.type === 'string_content' && /^[\w.[\], |]+$/.test(node.text))
      for (const word of node.text.match(/\w+/g) ?? []) used.add(word);
    else if (node.type.startsWith('jsx_')) used.add('React');
    waiting.push(...node.children);
  }
  return used;
}

function isName({ type, field, parent }: SyntaxNode): boolean {
  if (type === 'type_identifier' || type === 'shorthand_property_identifier') return true;
  if (type !== 'identifier') return false;
  const isMember = field === 'attribute' && parent?.type === 'attribute';
  return !isMember && !(field === 'name' && parent?.type === 'keyword_argument');
}
