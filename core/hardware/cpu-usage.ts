import os from 'node:os';

/** Time that each core has spent since the machine was started. Milliseconds. */
type CoreTimes = readonly { busy: number; total: number }[];

const coreTimes = (): CoreTimes =>
  os.cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({ busy: user + nice + sys + irq, total: user + nice + sys + idle + irq }));

/** Share of the time in which each core computed between two readings, 0 to 1. */
export const busyShares = (before: CoreTimes, after: CoreTimes): number[] =>
  after.map(({ busy, total }, core) => {
    const earlier = before[core] ?? { busy: 0, total: 0 };
    return total > earlier.total ? Math.min(1, Math.max(0, (busy - earlier.busy) / (total - earlier.total))) : 0;
  });

/** Measures how busy the processor was since it was asked last. */
export class CpuUsage {
  #before = coreTimes();

  /** A share for each core, 0 to 1. */
  read(): number[] {
    const now = coreTimes();
    const shares = busyShares(this.#before, now);
    this.#before = now;
    return shares;
  }
}
