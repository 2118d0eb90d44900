import type { Message } from '@anneal/plugins';
import { Prisma } from '@anneal/prisma';
import type { Viewer } from '../access/viewer.ts';
import { Invalid, LimitExceeded } from '../errors.ts';
import { newId } from '../ids.ts';
import { longestQuestion } from './execution-limits.ts';
import type { ExecutionParameters, Variables } from './execution-input.ts';
import type { ExecutionProblem } from './execution-problem.ts';
import { failedWith } from './settle.ts';

/** What is to be executed, and for whom. */
export interface Draft {
  projectId: string;
  promptId?: string;
  promptVersionId?: string;
  label?: string;
  abTestId?: string;
  abVariantId?: string;
  batchId?: string;
  batchRow?: number;
  sessionId?: string;
  subjectId?: string;
  userId?: string;
  apiKeyId?: string;
  /** `plugin/model`; empty: nobody has said which. */
  model: string;
  parameters: ExecutionParameters;
  /** Null: they may not be stored. */
  variables: Variables | null;
}

/** What is sent to the model. */
export interface Question {
  system: string | undefined;
  messages: readonly Message[];
  includes: readonly { name: string; label: string | null; number: number }[];
}

/** Who asks, for whom. */
export const whose = (
  { userId, credential }: Viewer,
  { sessionId, subjectId }: Pick<Draft, 'sessionId' | 'subjectId'>,
): Pick<Draft, 'userId' | 'apiKeyId' | 'sessionId' | 'subjectId'> => ({
  ...{ userId, sessionId, subjectId },
  ...(credential.kind === 'apiKey' && { apiKeyId: credential.apiKeyId }),
});

/**
 * A question that may be sent.
 * @throws Invalid without a model, LimitExceeded when it is too long
 */
export function checkQuestion({ model }: Pick<Draft, 'model'>, { system = '', messages }: Question): void {
  if (model === '') {
    const message =
      'No model is named: neither here nor by the version of the prompt. Say which one is to be asked, such as claude/claude-sonnet-4-5.';
    throw new Invalid(message, [{ path: 'model', message }]);
  }
  const length = messages.reduce((sum, { content }) => sum + content.length, system.length);
  if (length > longestQuestion) {
    const [has, most] = [length, longestQuestion].map((number) => number.toLocaleString('en'));
    throw new LimitExceeded(`The rendered prompt has ${has} characters; at most ${most} can be sent. Shorten the variables.`);
  }
}

/** The row of an execution whose question can be sent. */
export const rowToAsk = (draft: Draft, question: Question, begins: Begins): Prisma.ExecutionCreateManyInput => ({
  ...common(draft),
  ...begins,
  systemPrompt: question.system ?? '',
  messages: [...question.messages],
  includes: [...question.includes],
});

type Begins = { state: 'QUEUED' } | { state: 'RUNNING'; createdAt: Date; startedAt: Date; aliveUntil: Date };

/** The row of one that nobody can be asked with. */
export const rowOfFailure = (draft: Draft, problem: ExecutionProblem): Prisma.ExecutionCreateManyInput => ({
  ...common(draft),
  ...failedWith(problem),
  state: 'FAILED',
  finishedAt: new Date(),
});

const common = ({ parameters, variables, ...draft }: Draft) => ({
  ...draft,
  id: newId(),
  parameters: parameters,
  variables: variables === null ? Prisma.DbNull : variables,
});
