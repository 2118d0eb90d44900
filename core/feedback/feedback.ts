import type { Feedback, PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { plainText } from '../prompts/plain-text.ts';

const ratingHelp = 'A whole number from 1 (bad) to 5 (good) is needed.';

const schema = z.object({
  rating: z.int(ratingHelp).min(1, ratingHelp).max(5, ratingHelp),
  text: plainText.trim().max(10_000, 'A text has at most 10,000 characters.').default(''),
});

/** What people think of executions. */
export class FeedbackService {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Says what somebody thinks of an execution. Said again, it takes the place of what they had said before.
   * @param input rating: 1–5; text: at most 10,000 characters
   * @throws Invalid, NotFound, Conflict while the execution has not ended, Forbidden for viewers
   */
  async give(viewer: Viewer, { executionId, ...input }: { executionId: string; rating: number; text?: string }): Promise<Feedback> {
    return this.#prisma.$transaction(async (transaction) => {
      const what = `execution ${executionId}`;
      const execution = await transaction.execution.findUnique({ where: { id: executionId } });
      if (!execution) throw new NotFound(`There is no ${what}.`);
      const { projectId } = execution;
      requireRole(viewer, { projectId, role: 'EDITOR', scope: 'execute', what });
      const { rating, text } = valid(input);
      if (execution.finishedAt === null) throw new Conflict('The execution has not ended yet. Rate it when it has.');
      const { userId } = viewer;
      const feedback = await transaction.feedback.upsert({
        where: { executionId_userId: { executionId, userId } },
        update: { rating, text },
        create: { id: newId(), executionId, userId, rating, text },
      });
      const subject = { type: 'Feedback', id: feedback.id };
      await audit(transaction, viewer, { action: 'giveFeedback', projectId, subject, details: { execution: executionId, rating } });
      return feedback;
    });
  }

  /** Takes back what somebody has said; owners of the project take back what others have. @throws NotFound, Forbidden */
  async delete(viewer: Viewer, id: string): Promise<void> {
    await this.#prisma.$transaction(async (transaction) => {
      const what = `feedback ${id}`;
      const feedback = await transaction.feedback.findUnique({ where: { id }, include: { execution: true } });
      if (!feedback) throw new NotFound(`There is no ${what}.`);
      const { projectId } = feedback.execution;
      requireRole(viewer, { projectId, role: feedback.userId === viewer.userId ? 'EDITOR' : 'OWNER', scope: 'execute', what });
      await transaction.feedback.delete({ where: { id } });
      const details = { execution: feedback.executionId, rating: feedback.rating };
      await audit(transaction, viewer, { action: 'deleteFeedback', projectId, subject: { type: 'Feedback', id }, details });
    });
  }
}

function valid(input: { rating: number; text?: string }): z.output<typeof schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new Invalid(`The feedback is not valid: ${issues.map(({ message }) => message).join(' ')}`, issues);
}
