import type { PluginLimits } from '../kit/manifest.ts';
import type { Child } from './child.ts';
import type { Ending } from './plugin-failure.ts';
import { innerProcess, resourcesOf } from './resources.ts';

/** How often memory is looked at. */
const lookMs = 500;
/** Pings that stay without an answer before the process is given up. */
const mostMissed = 4;
/** A plugin that spins: at work for so much of the time without a call, for as long as it may be without an answer. */
const busyShare = 0.8;

/** Looks at a plugin's process from outside while it runs: its memory, whether it answers, and whether it is busy without a reason. */
export class Watch {
  readonly #child: Child;
  readonly #limits: PluginLimits;
  readonly #hasCalls: () => boolean;
  readonly #timers: NodeJS.Timeout[];
  residentBytes: number | null = null;
  #inner: number | null = null;
  #ping = { sent: 0, answered: 0, missed: 0 };
  #work: { seconds: number; at: number } | undefined;
  #busyLooks = 0;
  #isLoaded = false;

  constructor(child: Child, limits: PluginLimits, hasCalls: () => boolean) {
    this.#child = child;
    this.#limits = limits;
    this.#hasCalls = hasCalls;
    this.#timers = [setInterval(() => void this.#look(), lookMs)];
  }

  /** From now on it has to answer: it is loaded. */
  expectAnswers(): void {
    this.#isLoaded = true;
    this.#timers.push(setInterval(() => this.#beat(), (this.#limits.unresponsiveSeconds * 1000) / mostMissed));
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** False: it answers what it was not asked. */
  pong(id: number): boolean {
    if (id !== this.#ping.sent || id === this.#ping.answered) return false;
    this.#ping.answered = id;
    return true;
  }

  /** Missed answers are counted instead of time, so that a studio that was held up itself blames nobody. */
  #beat(): void {
    const { sent, answered } = this.#ping;
    if (answered >= sent) {
      this.#ping.missed = 0;
      this.#ping.sent += 1;
      this.#child.send({ type: 'ping', id: this.#ping.sent });
      return;
    }
    this.#ping.missed += 1;
    if (this.#ping.missed < mostMissed) return;
    const seconds = this.#limits.unresponsiveSeconds;
    this.#end({ code: 'NOT_RESPONDING', message: `did not answer for ${seconds} s: one piece of its code keeps it busy` });
  }

  async #look(): Promise<void> {
    const { pid } = this.#child;
    if (pid === null) return;
    this.#inner ??= await innerProcess(pid);
    const resources = await resourcesOf(this.#inner ?? pid);
    if (resources === null) return;
    this.residentBytes = resources.residentBytes;
    const { memoryMb } = this.#limits;
    if (resources.residentBytes > memoryMb * 1024 * 1024) {
      this.#end({
        code: 'MEMORY',
        message: `took ${Math.ceil(resources.residentBytes / 1024 / 1024)} MiB of memory, and may take ${memoryMb}`,
      });
    }
    if (resources.busySeconds !== null) this.#lookAtWork(resources.busySeconds);
  }

  #lookAtWork(seconds: number): void {
    const at = performance.now() / 1000;
    const last = this.#work;
    this.#work = { seconds, at };
    if (last === undefined) return;
    const isBusy = this.#isLoaded && !this.#hasCalls() && (seconds - last.seconds) / (at - last.at) > busyShare;
    this.#busyLooks = isBusy ? this.#busyLooks + 1 : 0;
    if (this.#busyLooks * lookMs >= this.#limits.unresponsiveSeconds * 1000)
      this.#end({ code: 'PROCESSOR', message: 'kept a processor busy while nobody asked it for anything' });
  }

  #end(ending: Ending): void {
    this.stop();
    this.#child.end(ending);
  }
}
