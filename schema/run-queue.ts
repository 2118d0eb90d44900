import type { QueuePlace } from '@anneal/core';
import type { Context } from './context.ts';

const queues = new WeakMap<Context, Promise<Map<string, QueuePlace>>>();

/** Where a queued run stands; the queue is read once for all runs of an answer. */
export async function queuePlace(context: Context, runId: string): Promise<QueuePlace | null> {
  const queue = queues.get(context) ?? context.studio.runs.queue();
  queues.set(context, queue);
  return (await queue).get(runId) ?? null;
}
