import type { Words } from './grammar-words.ts';
import type { SyntaxNode } from './syntax-node.ts';

/** Lines with code (a comment behind it or not), with comments alone, and with nothing. */
export function countLines(root: SyntaxNode, code: string, { comments }: Words) {
  const total = code === '' ? 0 : code.replace(/\n$/, '').split('\n').length;
  const withCode = new Set<number>();
  const withComment = new Set<number>();
  for (const node of root.walk()) {
    const isComment = comments.has(node.type);
    if (!isComment && node.children.length > 0) continue;
    if (node.text.trim() === '') continue;
    for (let line = node.line; line <= node.endLine; line += 1) (isComment ? withComment : withCode).add(line);
  }
  const comment = [...withComment].filter((line) => !withCode.has(line)).length;
  return { total, code: withCode.size, comment, blank: Math.max(0, total - withCode.size - comment) };
}
