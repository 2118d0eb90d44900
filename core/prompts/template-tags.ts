import { includePattern } from './names.ts';
import { findNoText, noTextHelp, shortened } from './plain-text.ts';

/** What a tag of a template does. */
export type TagKind = 'value' | 'section' | 'inverted' | 'close' | 'comment' | 'include';

/** Something between two pairs of braces. Offsets count UTF-16 units. */
export interface Tag {
  kind: TagKind;
  /** What is inside without its sign: `files`, `file.path`, `.`, `style-guide@staging`. */
  name: string;
  /** Where its first brace stands, and where it ends. */
  start: number;
  end: number;
}

/** Something that is wrong in a template, and where. */
export interface TagProblem {
  offset: number;
  message: string;
}

export const templateLimits = {
  /** UTF-16 units of a template. */
  characters: 100_000,
  tags: 2000,
  /** UTF-16 units of a tag; also of a comment. */
  tagCharacters: 2000,
  /** Sections in each other. */
  nesting: 20,
} as const;

const kinds: Readonly<Record<string, TagKind>> = {
  '&': 'value',
  '#': 'section',
  '^': 'inverted',
  '/': 'close',
  '!': 'comment',
  '>': 'include',
};

const signs: Readonly<Record<TagKind, string>> = { value: '', section: '#', inverted: '^', close: '/', comment: '!', include: '>' };

/** `.`, or names with dots between them. */
const namePattern = /^(\.|[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*)$/u;

/**
 * Finds the tags of a Mustache template (mustache.5) and what is wrong with them. Only templates without problems are given to the
 * library that renders: it looks for tags by expressions that take very long on some texts, and says less about mistakes. Stricter than
 * Mustache: there are no other delimiters than braces, and a name is made of letters, digits, `_`, `-` and dots.
 */
export function findTags(template: string): { tags: Tag[]; problems: TagProblem[] } {
  if (template.length > templateLimits.characters) {
    const [length, limit] = [template.length, templateLimits.characters].map((count) => count.toLocaleString('en'));
    return { tags: [], problems: [{ offset: 0, message: `The text has ${length} characters; at most ${limit} are possible.` }] };
  }
  const tags: Tag[] = [];
  const problems: TagProblem[] = [];
  const badCharacter = findNoText(template);
  if (badCharacter !== -1) problems.push({ offset: badCharacter, message: noTextHelp });
  for (let start = template.indexOf('{{'); start !== -1; start = template.indexOf('{{', start)) {
    const [opening, closing] = template.startsWith('{{{', start) ? ['{{{', '}}}'] : ['{{', '}}'];
    const close = template.indexOf(closing, start + opening.length);
    if (close === -1 || close - start > templateLimits.tagCharacters) {
      problems.push({ offset: start, message: `${opening} is never closed. Write ${closing} behind the name.` });
      break;
    }
    const end = close + closing.length;
    const inside = template.slice(start + opening.length, close);
    const tag = opening === '{{{' ? { kind: 'value' as const, name: inside.trim(), start, end } : readTag(inside, start, end);
    const message = 'kind' in tag ? wrongName(tag) : tag.message;
    if ('kind' in tag && message === undefined) tags.push(tag);
    if (message !== undefined) problems.push({ offset: start, message });
    if (tags.length > templateLimits.tags) {
      problems.push({ offset: start, message: `There are more than ${templateLimits.tags.toLocaleString('en')} tags.` });
      break;
    }
    start = end;
  }
  return { tags, problems: problems.length > 0 ? problems : unbalanced(tags) };
}

/**
 * The same template, with nothing but its sign and its name in each tag: what renders it looks for the ends of tags by expressions that
 * take very long where there are many spaces in one.
 * @param template without problems
 */
export function compactTemplate(template: string): string {
  let [text, end] = ['', 0];
  for (const tag of findTags(template).tags) {
    text += `${template.slice(end, tag.start)}{{${signs[tag.kind]}${tag.kind === 'comment' ? '' : tag.name}}}`;
    end = tag.end;
  }
  return text + template.slice(end);
}

function readTag(inside: string, start: number, end: number): Tag | { message: string } {
  const text = inside.trim();
  const sign = text.charAt(0);
  if (sign === '=') return { message: 'Other delimiters than {{ and }} are not possible.' };
  const kind = kinds[sign];
  return { kind: kind ?? 'value', name: kind ? text.slice(1).trim() : text, start, end };
}

function wrongName({ kind, name }: Tag): string | undefined {
  if (kind === 'comment') return undefined;
  if (name === '') return 'There is no name between the braces.';
  const shown = shortened(name, 60);
  if (kind === 'include') {
    if (includePattern.test(name)) return undefined;
    return `"${shown}" names no prompt. Write {{> name}} or {{> name@label}}, in small letters.`;
  }
  if (namePattern.test(name) && (kind === 'close' || !name.split('.').includes('__proto__'))) return undefined;
  return `"${shown}" is no name: names have letters, digits, "_" and "-", and dots between parts.`;
}

/** Sections that are not closed, or not opened, or too deep in each other. */
function unbalanced(tags: readonly Tag[]): TagProblem[] {
  const open: Tag[] = [];
  for (const tag of tags) {
    const { kind, name, start } = tag;
    if (kind === 'section' || kind === 'inverted') {
      open.push(tag);
      if (open.length > templateLimits.nesting) {
        return [{ offset: start, message: `At most ${templateLimits.nesting} sections can be in each other.` }];
      }
    }
    if (kind !== 'close') continue;
    const last = open.pop();
    if (!last) return [{ offset: start, message: `{{/${name}}} closes a section that was not opened. Write {{#${name}}} before it.` }];
    if (last.name !== name) {
      return [
        {
          offset: start,
          message: `{{/${name}}} stands where {{/${last.name}}} should: sections are closed in the order they were opened.`,
        },
      ];
    }
  }
  return open
    .reverse()
    .map(({ name, start }) => ({ offset: start, message: `The section "${name}" is never closed. Write {{/${name}}} where it ends.` }));
}
