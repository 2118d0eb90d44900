import type { Issue } from '@anneal/engine';
import { z } from 'zod';
import { isText, plainText, shortened } from './plain-text.ts';

/** What a variable may hold. A list and an object hold any JSON. */
const variableTypes = ['string', 'number', 'boolean', 'list', 'object'] as const;
export type VariableType = (typeof variableTypes)[number];

/** A value of JSON. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };

/** Values of variables by name. */
export type VariableValues = Readonly<Record<string, JsonValue>>;

const valueLimits = {
  /** UTF-16 units of all values of a prompt together, as JSON. */
  characters: 1_000_000,
  /** Lists and objects in each other. */
  depth: 32,
} as const;

/** At most so many issues are told at a time. */
const mostIssues = 50;

const nameHelp = 'A name of a variable has 1 to 64 letters, digits and "_", and begins with a letter: programmingLanguage.';
const namePattern = /^\p{L}[\p{L}\p{N}_]{0,63}$/u;

const variableSchema = z.strictObject({
  name: z
    .string()
    .regex(namePattern, nameHelp)
    // What every object has already.
    .refine((name) => !(name in Object.prototype), { error: (issue) => `"${String(issue.input)}" cannot be a name. Choose another one.` }),
  type: z.enum(variableTypes, { error: `The type of a variable is one of ${variableTypes.join(', ')}.` }),
  description: plainText.max(2000, 'A description has at most 2,000 characters.').default(''),
  /** Left out, or null: none. */
  default: z.unknown().optional(),
  required: z.boolean().default(true),
});

/** Something that is filled in when a prompt is asked. */
export interface PromptVariable {
  /** 1–64 letters, digits and `_`. */
  name: string;
  type: VariableType;
  /** For whoever fills it in. */
  description: string;
  /** Taken when no value is given. Left out: there is none. */
  default?: JsonValue;
  /** Whether a value has to be given. Of no effect where there is a default. */
  required: boolean;
}

/**
 * Reads declarations of variables.
 * @param path of the list in issues
 */
export function readVariables(given: unknown, path = 'variables'): { variables: PromptVariable[]; issues: Issue[] } {
  const parsed = z
    .array(variableSchema)
    .max(100, 'A prompt has at most 100 variables.')
    .safeParse(given ?? []);
  if (!parsed.success) {
    return {
      variables: [],
      issues: parsed.error.issues.map((issue) => ({ path: [path, ...issue.path].join('.'), message: issue.message })),
    };
  }
  const issues: Issue[] = [];
  const variables = parsed.data.map(({ default: fallback, ...declared }, index): PromptVariable => {
    if (parsed.data.findIndex(({ name }) => name === declared.name) < index)
      issues.push({ path: `${path}.${index}.name`, message: `There are two variables named "${declared.name}".` });
    if (fallback === undefined || fallback === null) return declared;
    const read = readValue(declared.type, fallback);
    if ('value' in read) return { ...declared, default: read.value };
    issues.push({ path: `${path}.${index}.default`, message: `The default of "${declared.name}" ${read.problem}` });
    return declared;
  });
  return { variables, issues };
}

/**
 * Puts given values to the variables of a prompt: a value that is left out, or null, is the default.
 * @param input JSON object
 * @param path of the values in issues: an issue is at `variables.<name>`
 * @returns given: the values without those that are null; values: with the defaults
 */
export function fillIn(
  variables: readonly PromptVariable[],
  input: unknown,
  path = 'variables',
): { values: Record<string, JsonValue>; given: Record<string, JsonValue>; issues: Issue[] } {
  const known = new Map(variables.map((variable) => [variable.name, variable]));
  const issues: Issue[] = [];
  const values: Record<string, JsonValue> = {};
  const given: Record<string, JsonValue> = {};
  if (input !== undefined && input !== null && (typeof input !== 'object' || Array.isArray(input))) {
    return {
      values,
      given,
      issues: [{ path, message: `Values are an object with a field for each variable; ${kindOf(input)} was given.` }],
    };
  }
  const fields = new Map<string, unknown>(Object.entries(input ?? {}));
  for (const name of fields.keys()) {
    if (issues.length >= mostIssues) break;
    if (!known.has(name))
      issues.push({ path: `${path}.${clipped(name)}`, message: `There is no variable "${clipped(name)}". ${listOf(known)}` });
  }
  let characters = 0;
  for (const [name, variable] of known) {
    const field = fields.get(name) ?? null;
    if (field === null) {
      if (variable.default !== undefined) values[name] = variable.default;
      else if (variable.required) issues.push({ path: `${path}.${name}`, message: `"${name}" is missing.${described(variable)}` });
      continue;
    }
    const read = readValue(variable.type, field);
    if ('problem' in read) issues.push({ path: `${path}.${name}`, message: `"${name}" ${read.problem}` });
    else given[name] = values[name] = read.value;
    characters += 'value' in read ? JSON.stringify(read.value).length : 0;
  }
  if (characters > valueLimits.characters) {
    const [length, limit] = [characters, valueLimits.characters].map((count) => count.toLocaleString('en'));
    issues.push({ path, message: `The values have ${length} characters together; at most ${limit} are possible.` });
  }
  return { values, given, issues: issues.slice(0, mostIssues) };
}

const wanted: Readonly<Record<VariableType, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  list: 'a list',
  object: 'an object',
};

/** @returns the value, or what is wrong with it: the end of a sentence */
function readValue(type: VariableType, given: unknown): { value: JsonValue } | { problem: string } {
  const kind = kindOf(given);
  if (kind !== wanted[type]) return { problem: `has to be ${wanted[type]}; ${kind}${shown(given)} was given.` };
  const problem = notJson(given);
  // Read back: what is given by a program may be an object of a class.
  return problem === undefined ? { value: z.json().parse(given) } : { problem };
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return wanted.list;
  if (typeof value === 'object') return wanted.object;
  if (typeof value === 'string') return wanted.string;
  if (typeof value === 'number') return wanted.number;
  if (typeof value === 'boolean') return wanted.boolean;
  return 'something that is not JSON';
}

const shown = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && isText(value) && value.length <= 40)
    ? ` (${JSON.stringify(value)})`
    : '';

/**
 * Looks at every part of a value, without going deeper than the stack can.
 * @returns why it cannot be stored as JSON: the end of a sentence
 */
export function notJson(given: unknown): string | undefined {
  let level: unknown[] = [given];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > valueLimits.depth) return `is too deep: at most ${valueLimits.depth} lists and objects can be in each other.`;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === 'string' && !isText(value)) return 'has a character that is no text (NUL, or half of a pair).';
      if (typeof value === 'number' && !Number.isFinite(value)) return 'has a number that is too large.';
      if (kindOf(value) === 'something that is not JSON') return 'has something in it that is not JSON.';
      if (typeof value !== 'object' || value === null) continue;
      if (!Array.isArray(value) && Object.keys(value).some((name) => name === '__proto__' || !isText(name)))
        return 'has a field with a name that cannot be.';
      for (const part of Object.values(value)) next.push(part);
    }
    level = next;
  }
  return undefined;
}

const clipped = (name: string): string => shortened(name, 64);

const described = ({ description, type }: PromptVariable): string =>
  ` It is ${wanted[type]}${description === '' ? '' : `: ${clipped(description)}`}.`.replace(/\.\.$/, '.');

function listOf(known: ReadonlyMap<string, unknown>): string {
  if (known.size === 0) return 'The prompt has none.';
  const names = [...known.keys()].slice(0, 20).map((name) => `"${name}"`);
  return `There ${known.size === 1 ? 'is' : 'are'} ${names.join(', ')}${known.size > names.length ? ', …' : ''}.`;
}
