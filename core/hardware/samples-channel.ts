import type { Channel } from '../streams/page.ts';
import type { HardwareSample, Sampler } from './sampler.ts';

/** A sample at every read of the live end. A position counts them since the first reader came; only the newest can be read later. */
export function samplesChannel(sampler: Sampler, everySeconds: number): Channel<HardwareSample> {
  let count = 0;
  let newest: HardwareSample | undefined;
  return {
    name: `hardware ${everySeconds}`,
    interval: everySeconds * 1000,
    end: async () => count,
    async read(from, until) {
      if (until === undefined) {
        newest = await sampler.sample();
        count++;
      }
      const to = Math.max(from, count);
      return { parts: to > from ? [{ from, to, event: newest }] : [], from, to, isPartial: false, isLast: false };
    },
    // The interval alone sets the pace.
    listen: () => () => undefined,
  };
}
