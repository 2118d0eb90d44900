import { z } from 'zod';

/** What the main process tells a process of subscribers when it starts it. */
export const taskSchema = z.object({
  url: z.string(),
  /** Global id. */
  runId: z.string(),
  /** That read as fast as they can. */
  steady: z.int(),
  /** One more that connects again every second, and one that does not read for a while. */
  withTroublesome: z.boolean(),
  /** How many points there will be: steps 1 to this. */
  points: z.int(),
  /** How long points are written. Seconds. */
  seconds: z.number(),
});
export type Task = z.infer<typeof taskSchema>;

export const fromServer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listening'), url: z.string() }),
  /** `cpu`: seconds of all cores since its start; `memory`: resident bytes; `time`: milliseconds. */
  z.object({ type: z.literal('usage'), time: z.number(), cpu: z.number(), memory: z.number() }),
]);
export type FromServer = z.infer<typeof fromServer>;

const reportSchema = z.object({
  /** Subscribers that have every point once and were told the end. */
  complete: z.int(),
  /** Points received, points that came twice, points left out. */
  points: z.int(),
  duplicates: z.int(),
  gaps: z.int(),
  /** Connections that were cut though nobody meant them to be. */
  cut: z.int(),
  /** Connections that the restless subscriber has made. */
  reconnections: z.int(),
  /** From the time in the journal to the reader, of steady subscribers. */
  latency: z.array(z.int()),
  /** Seconds of all cores. */
  cpu: z.number(),
});
export type Report = z.infer<typeof reportSchema>;

export const fromSubscribers = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('report'), report: reportSchema }),
]);
export type FromSubscribers = z.infer<typeof fromSubscribers>;

/** What the writer is told when it may begin. Points a second. */
export const paceSchema = z.object({ rate: z.number() });
