import { type Sketch, type Structure, type Test } from '../../item.ts';
import { type Random } from '../../random.ts';

/** One well-known function that shares no pieces with others: learned by heart, never held out. */
export const classic = (
  name: string,
  parameters: string[],
  wordings: string[],
  body: string[],
  test: (random: Random) => () => Test | undefined,
): Structure => ({
  key: `classic|${name}`,
  sketch: (random): Sketch => ({ name, parameters, describe: () => random.pick(wordings), body, test: test(random) }),
});
