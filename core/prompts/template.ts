import type { Issue } from '@anneal/engine';
import { readable } from './plain-text.ts';
import { findTags, type Tag, type TagProblem } from './template-tags.ts';
import { type Place, placeOf } from './template-place.ts';
import { type UsedVariable, usedVariables } from './template-usage.ts';
import { fillIn } from './variables.ts';
import { readWording, type Wording, type WordingInput } from './wording.ts';

/** What is wrong with a wording, with the place where it is in a template. */
export interface WordingIssue extends Issue {
  place?: Place;
}

/** Another prompt that a template includes. */
export interface Include {
  /** Of a prompt of the same project. */
  name: string;
  /** Null: production where the prompt has it, otherwise its newest version. */
  label: string | null;
}

/** All that can be told about a wording without other prompts. */
export interface WordingReport {
  wording: Wording;
  /** Empty: it can be used. */
  issues: WordingIssue[];
  /** It can be used, and something about it is odd. */
  warnings: WordingIssue[];
  /** Variables that its templates use, in the order of their first use. */
  used: UsedVariable[];
  includes: Include[];
}

/** At most so many issues are told at a time. */
const mostIssues = 50;

/** Reads a wording, and says what is wrong with it. Never throws. */
export function inspectWording(input: WordingInput): WordingReport {
  const { wording, issues } = readWording(input);
  const areVariablesRead = issues.every(({ path }) => !path.startsWith('variables'));
  const types = new Map(wording.variables.map(({ name, type }) => [name, type]));
  const used = new Map<string, UsedVariable>();
  const includes = new Map<string, Include>();
  for (const [path, text] of textsOf(wording)) {
    const { tags, problems } = findTags(text);
    const usage = problems.length > 0 ? { used: [], problems: [] } : usedVariables(tags, types);
    const undeclared = usage.used.filter(({ name }) => areVariablesRead && !types.has(name)).map(undeclaredProblem);
    issues.push(...[...problems, ...usage.problems, ...undeclared].map((problem) => inTemplate(path, text, problem)));
    for (const variable of usage.used) if (!used.has(variable.name)) used.set(variable.name, variable);
    for (const include of tags.flatMap(readInclude)) includes.set(referenceOf(include), include);
  }
  if (wording.template.trim() === '')
    issues.push({ path: 'template', message: 'The template is empty. Write what the model is to be asked.' });
  if (areVariablesRead) issues.push(...exampleIssues(wording, includes.size > 0));
  return {
    wording,
    issues: issues.slice(0, mostIssues).map((issue) => ({ ...issue, path: readable(issue.path), message: readable(issue.message) })),
    // An included prompt may use it.
    warnings: includes.size > 0 ? [] : unusedVariables(wording, used),
    used: [...used.values()],
    includes: [...includes.values()],
  };
}

/** How an include is written. */
export const referenceOf = ({ name, label }: Include): string => (label === null ? name : `${name}@${label}`);

/** Its variables that nothing uses. */
export function unusedVariables({ variables }: Wording, used: { has(name: string): boolean }): Issue[] {
  return variables.flatMap(({ name }, index) =>
    used.has(name) ? [] : [{ path: `variables.${index}`, message: `"${name}" is declared, and the template does not use it.` }],
  );
}

const textsOf = ({ systemPrompt, template }: Wording): ['systemPrompt' | 'template', string][] => [
  ['systemPrompt', systemPrompt],
  ['template', template],
];

function readInclude({ kind, name }: Tag): Include[] {
  if (kind !== 'include') return [];
  const [prompt = '', label = null] = name.split('@');
  return [{ name: prompt, label }];
}

const undeclaredProblem = ({ name, offset }: UsedVariable): TagProblem => ({
  offset,
  message: `There is no variable "${name}". Declare it, or correct the name.`,
});

function inTemplate(path: string, text: string, { offset, message }: TagProblem): WordingIssue {
  const place = placeOf(text, offset);
  const { line, column, excerpt } = place;
  return { path, message: `Line ${line}, column ${column}: ${message}${excerpt === '' ? '' : ` Found at: ${excerpt}`}`, place };
}

/** Examples with values that do not fit. Values of included prompts are not known here. */
function exampleIssues({ variables, examples }: Wording, hasIncludes: boolean): Issue[] {
  const known = new Set(variables.map(({ name }) => name));
  return examples.flatMap(({ input }, index) => {
    if (typeof input === 'string') return [];
    const own = hasIncludes ? Object.fromEntries(Object.entries(input).filter(([name]) => known.has(name))) : input;
    return fillIn(variables, own, `examples.${index}.input`).issues;
  });
}
