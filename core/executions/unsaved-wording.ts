import type { PrismaClient } from '@anneal/prisma';
import { resolveIncludes } from '../prompts/includes.ts';
import { renderWording } from '../prompts/rendered-wording.ts';
import { inspectWording } from '../prompts/template.ts';
import type { Wording } from '../prompts/wording.ts';
import type { Variables } from './execution-input.ts';
import type { Question } from './execution-row.ts';

/**
 * What a wording that is stored nowhere becomes with these values. It may include prompts of the project.
 * @param wording that was checked
 * @throws Invalid with issues at `variables`, `examples`, `includes`, `template`
 */
export async function filledIn(prisma: PrismaClient, projectId: string, wording: Wording, values: Variables): Promise<Question> {
  const included = await resolveIncludes(prisma, { projectId, report: inspectWording(wording) });
  const { system, messages } = renderWording(wording, included, values);
  return { system, messages, includes: included.includes };
}
