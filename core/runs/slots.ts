import { chooseDevice, detectHardware, type Device, devices } from '@anneal/engine';

/** How many runs train at the same time on each kind of device. */
export type Slots = Readonly<Partial<Record<Device, number>>>;

/** Where runs of this studio can train. */
export interface Places {
  slots: Slots;
  /** Kinds that a run takes which leaves the device to the studio, the best first. */
  automatic: readonly Device[];
}

/** A place that a run takes while it trains. */
export interface Slot {
  /** `cuda:1` */
  name: string;
  device: Device;
  /** From 0, within its kind. */
  number: number;
}

/** The fastest first. */
const preferred: readonly Device[] = ['cuda', 'directml', 'webgpu', 'coreml', 'cpu'];

/** Places as somebody has set them: each kind that is named is taken to work. */
export const givenPlaces = (slots: Slots): Places => ({ slots, automatic: preferred.filter((device) => slots[device] !== undefined) });

/**
 * One place on each kind of device that this machine has. Tries the fastest one out, in a process of its own, which may take some
 * seconds; on a machine without a GPU there is nothing to try.
 */
export async function detectPlaces(): Promise<Places> {
  const { providers } = await detectHardware();
  const usable = providers.filter(({ missing }) => missing === null).map(({ device }) => device);
  const slots = Object.fromEntries([...new Set<Device>(['cpu', ...usable])].map((device) => [device, 1]));
  const { device } = await chooseDevice('auto');
  return { slots, automatic: device === 'cpu' ? ['cpu'] : [device, 'cpu'] };
}

/** The kinds of places that would do for a run. @param wanted a device, or `auto` */
export const placesFor = ({ slots, automatic }: Places, wanted: string): readonly Device[] =>
  wanted === 'auto' ? automatic : devices.filter((device) => device === wanted && slots[device] !== undefined);

export const slotsForm = `must be kinds of devices with how many runs train there at a time, such as cpu:1,cuda:2; there are ${devices.join(', ')}`;

/** Reads `cpu:1,cuda:2`. Null when it is not of that form: each kind once, 0 to 64 runs. */
export function parseSlots(text: string): Slots | null {
  const parts = text.split(',').map((part) => /^ *([a-z]+):(\d{1,2}) *$/.exec(part));
  const counts = new Map<Device, number>();
  for (const part of parts) {
    const [device, count] = [devices.find((name) => name === part?.[1]), Number(part?.[2])];
    if (device === undefined || counts.has(device) || count > 64) return null;
    counts.set(device, count);
  }
  return Object.fromEntries(counts);
}

/** All places of a kind. */
export const slotsOf = ({ slots }: Places, device: Device): Slot[] =>
  Array.from({ length: slots[device] ?? 0 }, (_, number) => ({ name: `${device}:${number}`, device, number }));

/** The best place for a run that is free. @param taken names of those that are not */
export function freeSlot(places: Places, wanted: string, taken: ReadonlySet<string>): Slot | null {
  const all = placesFor(places, wanted).flatMap((device) => slotsOf(places, device));
  return all.find(({ name }) => !taken.has(name)) ?? null;
}

/** `cpu:1, cuda:2` */
export const describeSlots = ({ slots }: Places): string =>
  Object.entries(slots)
    .map(([device, count]) => `${device}:${count}`)
    .join(', ');
