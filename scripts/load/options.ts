import { parseArgs } from 'node:util';

export interface LoadOptions {
  json: boolean;
  /** WebSockets, each with one subscription. */
  subscribers: number;
  /** Points a second. */
  rate: number;
  /** How long points are written. */
  seconds: number;
  /** Processes that the subscribers are spread over. */
  processes: number;
}

const numbers = {
  subscribers: { default: 1000, most: 20_000 },
  rate: { default: 50, most: 1000 },
  seconds: { default: 60, most: 600 },
  processes: { default: 1, most: 8 },
} as const;

export const usage =
  'npm run load -- [--json] [--subscribers 1000] [--rate 50 points a second] [--seconds 60] [--processes 1 that the subscribers share]';

/** @throws Error with a sentence for people */
export function readOptions(args: readonly string[]): LoadOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean', default: false }, subscribers: text, rate: text, seconds: text, processes: text },
  });
  const whole = (name: keyof typeof numbers): number => {
    const given = values[name];
    if (given === undefined) return numbers[name].default;
    const value = /^\d{1,6}$/.test(given) ? Number(given) : 0;
    if (value < 1 || value > numbers[name].most)
      throw new Error(`--${name} is "${given}"; it must be a whole number from 1 to ${numbers[name].most}.`);
    return value;
  };
  return {
    json: values.json,
    subscribers: whole('subscribers'),
    rate: whole('rate'),
    seconds: whole('seconds'),
    processes: whole('processes'),
  };
}
