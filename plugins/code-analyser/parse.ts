import javascript from '@vscode/tree-sitter-wasm/wasm/tree-sitter-javascript.wasm';
import python from '@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm';
import tsx from '@vscode/tree-sitter-wasm/wasm/tree-sitter-tsx.wasm';
import typescript from '@vscode/tree-sitter-wasm/wasm/tree-sitter-typescript.wasm';
import wasmBinary from '@vscode/tree-sitter-wasm/wasm/tree-sitter.wasm';
import { Language, Parser, type TreeCursor } from '@vscode/tree-sitter-wasm';
import { SyntaxNode } from './syntax-node.ts';

const grammars = { python, javascript, typescript, tsx };
export type Grammar = keyof typeof grammars;

let started: Promise<void> | undefined;
const loaded = new Map<Grammar, Promise<Language>>();

function start(): Promise<void> {
  const options = { wasmBinary, locateFile: (file: string) => file };
  return (started ??= Parser.init(options));
}

async function load(grammar: Grammar): Promise<Language> {
  await start();
  const language = loaded.get(grammar) ?? Language.load(grammars[grammar]);
  loaded.set(grammar, language);
  return language;
}

/** The syntax tree of a source. Code with mistakes has one too: with nodes of type ERROR, and with nodes that are missing. */
export async function parse(code: string, grammar: Grammar): Promise<SyntaxNode> {
  const language = await load(grammar);
  const parser = new Parser();
  try {
    parser.setLanguage(language);
    const tree = parser.parse(code);
    if (tree === null) throw new Error('the parser was stopped');
    const cursor = tree.walk();
    const root = copy(cursor, code);
    cursor.delete();
    tree.delete();
    return root;
  } finally {
    parser.delete();
  }
}

/** Out of the parser's memory into plain objects, without recursion: code may be nested deeply. */
function copy(cursor: TreeCursor, code: string): SyntaxNode {
  const root = SyntaxNode.at(cursor, code, null);
  let node = root;
  for (;;) {
    if (cursor.gotoFirstChild()) {
      node = SyntaxNode.at(cursor, code, node);
      continue;
    }
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent() || node.parent === null) return root;
      node = node.parent;
    }
    node = SyntaxNode.at(cursor, code, node.parent);
  }
}
