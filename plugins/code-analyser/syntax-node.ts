import type { TreeCursor } from '@vscode/tree-sitter-wasm';

/** A node of a syntax tree. Lines and columns begin with 1. */
export class SyntaxNode {
  readonly type: string;
  /** What it is to its parent: `name`, `body`, `condition`. */
  readonly field: string | null;
  /** False: a word or a sign of the grammar. */
  readonly isNamed: boolean;
  /** The parser put it in to go on. */
  readonly isMissing: boolean;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly parent: SyntaxNode | null;
  readonly children: SyntaxNode[] = [];
  readonly #code: string;
  readonly #begin: number;
  readonly #end: number;

  private constructor(cursor: TreeCursor, code: string, parent: SyntaxNode | null) {
    this.type = cursor.nodeType;
    this.field = cursor.currentFieldName;
    this.isNamed = cursor.nodeIsNamed;
    this.isMissing = cursor.nodeIsMissing;
    this.line = cursor.startPosition.row + 1;
    this.column = cursor.startPosition.column + 1;
    const { row, column } = cursor.endPosition;
    // A node that ends with a line's end does not reach into the next.
    this.endLine = Math.max(this.line, column === 0 ? row : row + 1);
    this.parent = parent;
    this.#code = code;
    this.#begin = cursor.startIndex;
    this.#end = cursor.endIndex;
  }

  /** Copies what a cursor stands on, and appends it to its parent. */
  static at(cursor: TreeCursor, code: string, parent: SyntaxNode | null): SyntaxNode {
    const node = new SyntaxNode(cursor, code, parent);
    parent?.children.push(node);
    return node;
  }

  get text(): string {
    return this.#code.slice(this.#begin, this.#end);
  }

  get named(): SyntaxNode[] {
    return this.children.filter((child) => child.isNamed);
  }

  child(field: string): SyntaxNode | undefined {
    return this.children.find((child) => child.field === field);
  }

  childrenOf(field: string): SyntaxNode[] {
    return this.children.filter((child) => child.field === field);
  }

  has(word: string): boolean {
    return this.children.some((child) => child.type === word);
  }

  /** This node and all below it, from the top, in the order of the source. */
  *walk(): Generator<SyntaxNode> {
    const waiting: SyntaxNode[] = [this];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      yield node;
      for (let index = node.children.length - 1; index >= 0; index -= 1) {
        const child = node.children[index];
        if (child !== undefined) waiting.push(child);
      }
    }
  }

  /** The nearest node above of one of these types. */
  above(types: ReadonlySet<string>): SyntaxNode | null {
    let node = this.parent;
    while (node !== null && !types.has(node.type)) node = node.parent;
    return node;
  }
}
