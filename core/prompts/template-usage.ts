import type { Tag, TagProblem } from './template-tags.ts';
import type { VariableType } from './variables.ts';

/** A name that a template uses of those that a prompt is given. */
export interface UsedVariable {
  name: string;
  /** What it seems to be, by how it is used. */
  type: VariableType;
  /** Of its first use. */
  offset: number;
}

interface Section {
  name: string;
  /** Whether names inside may be fields of what the section is about. */
  isOpen: boolean;
  /** Whether `{{.}}` inside is an item. */
  hasItem: boolean;
}

/**
 * Which variables a template uses. Inside a section about a list or an object, a name that is no variable is a field of it.
 * @param tags balanced
 * @param types of the variables that are declared
 */
export function usedVariables(
  tags: readonly Tag[],
  types: ReadonlyMap<string, VariableType>,
): { used: UsedVariable[]; problems: TagProblem[] } {
  const used = new Map<string, UsedVariable>();
  const problems: TagProblem[] = [];
  const open: Section[] = [];
  for (const [index, { kind, name, start }] of tags.entries()) {
    if (kind === 'close') open.pop();
    if (kind === 'close' || kind === 'comment' || kind === 'include') continue;
    const [root = '', ...rest] = name.split('.');
    const declared = types.get(root);
    const inside = open.some(({ isOpen }) => isOpen);
    if (name === '.') {
      if (!open.some(({ hasItem }) => hasItem))
        problems.push({ offset: start, message: '{{.}} is the item of a list, and stands in no section about one.' });
    } else if (declared !== undefined || !inside) {
      const type = declared ?? guessed(tags, index, rest);
      const known = used.get(root);
      // A plain {{name}} says less than {{#name}} or {{name.field}}.
      if (!known) used.set(root, { name: root, type, offset: start });
      else if (known.type === 'string') used.set(root, { ...known, type });
    }
    if (kind === 'inverted') open.push({ name, isOpen: false, hasItem: false });
    if (kind === 'section') {
      const type = name === '.' || rest.length > 0 ? undefined : (declared ?? (inside ? undefined : guessed(tags, index, rest)));
      open.push({ name, isOpen: type === undefined || type === 'list' || type === 'object', hasItem: type !== 'boolean' });
    }
  }
  return { used: [...used.values()], problems };
}

/** What an undeclared variable seems to be. */
function guessed(tags: readonly Tag[], index: number, rest: readonly string[]): VariableType {
  if (rest.length > 0) return rest[0] === 'length' ? 'list' : 'object';
  if (tags[index]?.kind === 'inverted') return 'boolean';
  if (tags[index]?.kind !== 'section') return 'string';
  let depth = 0;
  for (const { kind, name } of tags.slice(index + 1)) {
    if (depth === 0 && kind === 'value' && name === '.') return 'list';
    if (kind === 'section' || kind === 'inverted') depth += 1;
    if (kind === 'close') depth -= 1;
    if (depth < 0) break;
  }
  return 'boolean';
}
