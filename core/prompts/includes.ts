import type { Prisma, Prompt, PromptVersion } from '@anneal/prisma';
import { Invalid } from '../errors.ts';
import { type Include, inspectWording, referenceOf, type WordingReport } from './template.ts';
import type { PromptVariable } from './variables.ts';
import type { WordingInput } from './wording.ts';

const includeLimits = {
  /** Prompts in each other. */
  depth: 8,
  /** Different prompts in all. */
  prompts: 50,
} as const;

/** A prompt that was included, as it stood then. */
export interface IncludedPrompt {
  name: string;
  /** As it was asked for, or `production` where that was taken; null: the newest version. */
  label: string | null;
  number: number;
}

/** Everything that a wording needs of other prompts. */
export interface ResolvedIncludes {
  /** Each once, in the order in which they were met. */
  includes: IncludedPrompt[];
  /** Their templates, by how they are included: `style-guide@staging`. */
  templates: Map<string, string>;
  /** The variables of the wording and, behind them, those that only included prompts have. */
  variables: PromptVariable[];
  /** Names of variables that included prompts use. */
  used: Set<string>;
}

/**
 * Whether a wording can become a version: that what it includes exists, and comes to no circle as things stand now.
 * @param input without issues
 * @param known remembers what was read, for those who check many wordings of a project in one transaction
 * @throws Invalid at `includes`
 */
export async function checkIncludes(
  prisma: Reader,
  { projectId, name }: Pick<Prompt, 'projectId' | 'name'>,
  input: WordingInput,
  known: KnownIncludes = new Map(),
): Promise<void> {
  await resolveIncludes(prisma, { projectId, name, report: inspectWording(input) }, known);
}

/** What includes mean, by how they are written. */
export type KnownIncludes = Map<string, FoundInclude>;

interface FoundInclude {
  version: PromptVersion;
  label: string | null;
  report: WordingReport;
}

type Reader = Pick<Prisma.TransactionClient, 'prompt' | 'promptVersion' | 'promptLabel'>;

interface Place {
  prisma: Reader;
  projectId: string;
  found: ResolvedIncludes;
  known: KnownIncludes;
  /** Where each variable comes from. */
  origins: Map<string, string>;
}

/** Label that is taken where none is named. */
const usual = 'production';

/**
 * Finds the prompts that a wording includes, and those that they include.
 * @param name of the prompt itself; left out for a wording that belongs to none
 * @throws Invalid at `includes`: one that does not exist, a circle, too many, or variables of one name and two types
 */
export async function resolveIncludes(
  prisma: Reader,
  { projectId, name, report }: { projectId: string; name?: string; report: Pick<WordingReport, 'includes' | 'wording'> },
  known: KnownIncludes = new Map(),
): Promise<ResolvedIncludes> {
  const variables = [...report.wording.variables];
  const found: ResolvedIncludes = { includes: [], templates: new Map(), variables, used: new Set() };
  const origins = new Map(variables.map((variable) => [variable.name, name === undefined ? 'This prompt' : `"${name}"`]));
  await follow({ prisma, projectId, found, known, origins }, report.includes, name === undefined ? [] : [name]);
  return found;
}

async function follow(place: Place, includes: readonly Include[], path: readonly string[]): Promise<void> {
  const { found } = place;
  for (const include of includes) {
    const reference = referenceOf(include);
    const way = [...path, include.name];
    if (path.includes(include.name)) throw invalid(`A prompt cannot include itself: ${way.join(' → ')}. Take one of these includes out.`);
    if (path.length > includeLimits.depth)
      throw invalid(`At most ${includeLimits.depth} prompts can be in each other: ${way.join(' → ')}.`);
    // A circle through it would have been met the first time.
    if (found.templates.has(reference)) continue;
    if (found.templates.size >= includeLimits.prompts) throw invalid(`More than ${includeLimits.prompts} prompts would be included.`);
    const { version, label, report } = place.known.get(reference) ?? (await findInclude(place, include));
    place.known.set(reference, { version, label, report });
    const [problem] = report.issues;
    if (problem) throw invalid(`The prompt "${include.name}" cannot be included. ${problem.path}: ${problem.message}`);
    found.templates.set(reference, version.template);
    found.includes.push({ name: include.name, label, number: version.number });
    takeVariables(place, include.name, report);
    await follow(place, report.includes, way);
  }
}

async function findInclude(place: Place, include: Include): Promise<FoundInclude> {
  const found = await findVersion(place, include);
  return { ...found, report: inspectWording(found.version) };
}

/** @returns the version that an include means now */
async function findVersion(
  { prisma, projectId }: Place,
  { name, label }: Include,
): Promise<{ version: PromptVersion; label: string | null }> {
  const prompt = await prisma.prompt.findUnique({ where: { projectId_name: { projectId, name } } });
  if (!prompt) throw invalid(`There is no prompt "${name}" in this project to include.`);
  const pointer = await prisma.promptLabel.findUnique({
    where: { promptId_name: { promptId: prompt.id, name: label ?? usual } },
    include: { version: true },
  });
  if (pointer) return { version: pointer.version, label: pointer.name };
  if (label !== null) throw invalid(`The prompt "${name}" has no label "${label}". Deploy a version of it there, or name another label.`);
  const version = await prisma.promptVersion.findFirst({ where: { promptId: prompt.id }, orderBy: { number: 'desc' } });
  if (!version) throw invalid(`The prompt "${name}" has no version to include.`);
  return { version, label: null };
}

/** The declaration of whoever includes goes before that of what is included. */
function takeVariables({ found, origins }: Place, name: string, { wording, used }: WordingReport): void {
  for (const variable of used) found.used.add(variable.name);
  for (const variable of wording.variables) {
    const index = found.variables.findIndex((one) => one.name === variable.name);
    const known = found.variables[index];
    if (!known) {
      found.variables.push(variable);
      origins.set(variable.name, `"${name}"`);
    } else if (known.type !== variable.type) {
      const other = origins.get(variable.name) ?? 'Another prompt';
      throw invalid(
        `${other} has a variable "${variable.name}" of type ${known.type}, and in "${name}" it is of type ${variable.type}. Rename one.`,
      );
    }
  }
}

function invalid(message: string): Invalid {
  return new Invalid(message, [{ path: 'includes', message }]);
}
