import { socket } from '../graphql/connection.svelte.ts';
import { follow } from '../graphql/follow.ts';
import type { ResultOf } from '../graphql/tada.ts';
import { HardwareSamples } from './documents.ts';

export type HardwareSample = ResultOf<typeof HardwareSamples>['hardware'];

/** Five minutes at one sample in two seconds. */
const kept = 150;

/** How busy the machine of the studio is, from when the page was opened. */
export class Hardware {
  /** The oldest first. */
  samples = $state.raw<readonly HardwareSample[]>([]);
  problem = $state('');

  get newest(): HardwareSample | undefined {
    return this.samples.at(-1);
  }

  /** Call the answer to stop. */
  watch(): () => void {
    return follow(socket, {
      document: HardwareSamples,
      variables: () => ({}),
      next: ({ hardware }) => {
        this.problem = '';
        this.samples = [...this.samples, hardware].slice(-kept);
      },
      failed: (message) => (this.problem = message),
    });
  }
}
