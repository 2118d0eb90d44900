import type { Prisma, PrismaClient, Run, RunState } from '@anneal/prisma';
import { secondsLeft } from './progress.ts';
import { freeSlot, type Places, placesFor, type Slot, slotsOf } from './slots.ts';

/** Who comes first: the higher priority, then the older run. */
const order = [{ priority: 'desc' }, { createdAt: 'asc' }, { id: 'asc' }] satisfies Prisma.RunOrderByWithRelationInput[];

/** Runs whose turn it is. One whose last worker is not gone yet still has its place and waits. */
const waiting = { state: 'QUEUED', source: 'ENGINE', slot: null } satisfies Prisma.RunWhereInput;

/**
 * The runs that can start now, each with a place, in the order of the queue.
 * @param taken names of the places that are not free
 */
export async function nextRuns(prisma: PrismaClient, places: Places, taken: ReadonlySet<string>): Promise<{ run: Run; slot: Slot }[]> {
  const candidates = new Map<string, Run>();
  for (const device of Object.keys(places.slots)) {
    const free = placesFor(places, device).flatMap((kind) => slotsOf(places, kind).filter(({ name }) => !taken.has(name))).length;
    if (free === 0) continue;
    const wantedDevice = { in: places.automatic.some((kind) => kind === device) ? [device, 'auto'] : [device] };
    for (const run of await prisma.run.findMany({ where: { ...waiting, wantedDevice }, orderBy: order, take: free }))
      candidates.set(run.id, run);
  }
  const held = new Set(taken);
  return [...candidates.values()].sort(inOrder).flatMap((run) => {
    const slot = freeSlot(places, run.wantedDevice, held);
    if (!slot) return [];
    held.add(slot.name);
    return { run, slot };
  });
}

const inOrder = (a: Run, b: Run): number =>
  b.priority - a.priority || a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1);

/** Where a queued run stands. */
export interface QueuePlace {
  /** From 1, over the whole studio. */
  position: number;
  /** Until it starts; null when that cannot be told: nothing is known of how long those before it take. */
  seconds: number | null;
}

/** Completed runs that tell how long one takes. */
const remembered = 20;

/** Where each queued run stands, by its id. */
export async function queuePlaces(prisma: PrismaClient, places: Places, now = new Date()): Promise<Map<string, QueuePlace>> {
  const queued = await prisma.run.findMany({
    where: { state: 'QUEUED', source: 'ENGINE' },
    orderBy: order,
    select: { id: true, wantedDevice: true },
  });
  if (queued.length === 0) return new Map();
  const holding = await prisma.run.findMany({
    where: { slot: { not: null } },
    select: { slot: true, state: true, step: true, totalSteps: true, secondsPerStep: true, lastStepAt: true },
  });
  const completed = await prisma.run.findMany({
    where: { state: 'COMPLETED', source: 'ENGINE', startedAt: { not: null }, finishedAt: { not: null } },
    orderBy: { createdAt: 'desc' },
    take: remembered,
    select: { startedAt: true, finishedAt: true },
  });
  const taken = completed.map(({ startedAt, finishedAt }) => ((finishedAt?.getTime() ?? 0) - (startedAt?.getTime() ?? 0)) / 1000);
  const typical = taken.length === 0 ? Infinity : taken.reduce((sum, seconds) => sum + seconds, 0) / taken.length;
  const busy = new Map(holding.map((run) => [run.slot ?? '', isLeaving(run.state) ? 0 : (secondsLeft(run, now) ?? typical)]));
  return estimateStarts(places, busy, queued, typical);
}

/** Its worker is there for moments only. */
const isLeaving = (state: RunState): boolean => state !== 'STARTING' && state !== 'RUNNING';

/**
 * Lets the runs start one after the other, each on the place that is free first.
 * @param busy seconds until a place is free, by its name; those left out are free now.
 * @param typical seconds that a run takes; Infinity: unknown.
 */
export function estimateStarts(
  places: Places,
  busy: ReadonlyMap<string, number>,
  queued: readonly Pick<Run, 'id' | 'wantedDevice'>[],
  typical: number,
): Map<string, QueuePlace> {
  const freeAt = new Map(busy);
  return new Map(
    queued.map(({ id, wantedDevice }, index) => {
      const names = placesFor(places, wantedDevice).flatMap((device) => slotsOf(places, device).map(({ name }) => name));
      const times = names.map((name) => freeAt.get(name) ?? 0);
      const seconds = Math.min(Infinity, ...times);
      const first = names[times.indexOf(seconds)];
      if (first !== undefined) freeAt.set(first, seconds + typical);
      return [id, { position: index + 1, seconds: Number.isFinite(seconds) ? seconds : null }];
    }),
  );
}
