import { Feeds } from '../streams/feeds.ts';
import { Live } from '../streams/live.ts';
import { Invalid } from '../errors.ts';
import { type HardwareSample, Sampler, type SamplerOptions } from './sampler.ts';
import { samplesChannel } from './samples-channel.ts';

/** Seconds between two samples. */
const [shortest, longest] = [1, 60];

/** What the machine does now, and live. */
export class HardwareService {
  readonly #sampler: Sampler;
  readonly #feeds = new Feeds<HardwareSample>();

  constructor(options: SamplerOptions) {
    this.#sampler = new Sampler(options);
  }

  /** The newest sample, at most half a second old. */
  sample(): Promise<HardwareSample> {
    return this.#sampler.sample();
  }

  /**
   * A sample now, and then every so many seconds. All readers share one sampler, which is at rest while there are none. A reader that
   * falls far behind goes on with the newest sample.
   * @param everySeconds 1 to 60
   * @throws Invalid
   */
  follow(everySeconds: number, { signal }: { signal?: AbortSignal } = {}): AsyncIterable<HardwareSample> {
    if (!(everySeconds >= shortest && everySeconds <= longest)) {
      const message = `"everySeconds" is ${everySeconds}; samples come every ${shortest} to ${longest} seconds.`;
      throw new Invalid(message, [{ path: 'everySeconds', message }]);
    }
    return Live.of({
      name: `hardware ${everySeconds}`,
      join: () => this.#feeds.join(samplesChannel(this.#sampler, everySeconds)),
      select: (sample: HardwareSample) => sample,
      position: -1,
      signal,
    });
  }
}
