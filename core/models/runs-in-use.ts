import { type Prisma, type Run, RunState } from '@anneal/prisma';
import { z } from 'zod';
import { isEnded } from '../runs/states.ts';

/** The folders that a run starts from, as its configuration names them. */
const startSchema = z.object({
  model: z.object({ base: z.string() }).catch({ base: '' }),
  method: z.object({ initAdapter: z.string().default('') }).catch({ initAdapter: '' }),
});

/** Folder of the base model and of the initial adapter in the configuration of a run; empty where there is none. */
export function startingFolders(config: unknown): { base: string; initAdapter: string } {
  const { data } = startSchema.safeParse(config);
  return { base: data?.model.base ?? '', initAdapter: data?.method.initAdapter ?? '' };
}

const going = Object.values(RunState).filter((state) => !isEnded(state));

/** The runs that have not ended, of which one may still read the folder that it starts from. There are few of them. */
export const goingRuns = (
  transaction: Prisma.TransactionClient,
): Promise<Pick<Run, 'id' | 'name' | 'projectId' | 'baseModelId' | 'config'>[]> =>
  transaction.run.findMany({
    where: { state: { in: going } },
    select: { id: true, name: true, projectId: true, baseModelId: true, config: true },
  });
