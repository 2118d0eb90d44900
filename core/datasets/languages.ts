import { franc } from 'franc-min';
import type { DatasetStatistics } from './data-protocol.ts';

type Language = DatasetStatistics['languages'][number];

/** Rows whose natural language is looked at: it is slower than everything else. */
const mostRows = 2000;
/** With less text, or more signs than this among it, a natural language is a guess. */
const [fewLetters, leastShareOfLetters] = [80, 0.8];
/** Characters of a row that are looked at. */
const mostCharacters = 2000;
/** Languages that are told. */
const mostLanguages = 20;

const fence = /^[ \t]*(?:```|~~~)[ \t]*([A-Za-z][\w+#.-]*)/gm;
const fencedCode = /^[ \t]*(```|~~~)[\s\S]*?^[ \t]*\1[ \t]*$/gm;

/** Other names that the tags of fenced code have. */
const aliases: Readonly<Record<string, string>> = {
  js: 'javascript',
  jsx: 'javascript',
  ts: 'typescript',
  tsx: 'typescript',
  py: 'python',
  python3: 'python',
  sh: 'bash',
  shell: 'bash',
  zsh: 'bash',
  'c++': 'cpp',
  cs: 'csharp',
  'c#': 'csharp',
  golang: 'go',
  rb: 'ruby',
  rs: 'rust',
  yml: 'yaml',
  kt: 'kotlin',
};

/** Languages that rows are in: of code by the tags of its fences (```python), of other text by its letters (franc). */
export class LanguageCounts {
  readonly #programming = new Map<string, number>();
  readonly #natural = new Map<string, number>();
  #seen = 0;

  add(value: unknown): void {
    const text = textOf(value);
    const tags = [...text.matchAll(fence)].map(([, tag = '']) => tag.toLowerCase());
    for (const name of new Set(tags.map((tag) => aliases[tag] ?? tag))) count(this.#programming, name);
    if (this.#seen++ >= mostRows) return;
    const natural = naturalLanguage(text.replace(fencedCode, ' '));
    if (natural !== null) count(this.#natural, natural);
  }

  result(): Language[] {
    return [...listed(this.#natural, 'NATURAL'), ...listed(this.#programming, 'PROGRAMMING')].sort((a, b) => b.rows - a.rows);
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

const listed = (counts: Map<string, number>, kind: Language['kind']): Language[] =>
  [...counts]
    .map(([name, rows]) => ({ name, kind, rows }))
    .sort((a, b) => b.rows - a.rows)
    .slice(0, mostLanguages);

const names = new Intl.DisplayNames('en', { type: 'language' });

/** Null where it cannot be told. */
function naturalLanguage(text: string): string | null {
  const piece = text.trim().slice(0, mostCharacters);
  const letters = piece.match(/\p{L}/gu)?.length ?? 0;
  const signs = piece.match(/[^\p{L}\p{M}\s]/gu)?.length ?? 0;
  if (letters < fewLetters || letters / (letters + signs) < leastShareOfLetters) return null;
  const code = franc(piece);
  return code === 'und' ? null : (names.of(code) ?? code);
}

/** All texts of a row, one below the other. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(textOf).filter(Boolean).join('\n');
}
