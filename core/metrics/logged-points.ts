import type { NonFinite } from '@anneal/prisma';
import { Invalid } from '../errors.ts';
import { highestStep } from './curves.ts';
import type { NewPoint } from './store.ts';
import { numberOf } from './values.ts';

/** A value that a trainer elsewhere has measured. */
export interface LoggedPoint {
  /** 1–200 characters: `loss`. */
  key: string;
  /** 0 to 2³¹ − 1. */
  step: number;
  /** Process that measured it, 0 to 65,535. Default 0. */
  rank?: number | null;
  /** Either this or `nonFinite`. */
  value?: number | null;
  nonFinite?: NonFinite | null;
  /** Passes over the training set so far. Default 0. */
  epoch?: number | null;
  /** Tokens trained on so far. Default 0. */
  tokens?: number | null;
  /** Default: now. */
  time?: Date | null;
}

const mostPoints = 5000;
const highestRank = 65_535;
/** Issues that are told; who made one mistake has made it in every point. */
const mostIssues = 20;
/** Points of one number of the stream: a reader is never given more than some of these at a time. */
const pointsASequence = 250;

/**
 * Checks the points of one call.
 * @param sequence number behind which their own begin; each is given to some points.
 * @throws Invalid with an issue for each field that is wrong: `points.14.step`
 */
export function checkedPoints(points: readonly LoggedPoint[], now: Date): Omit<NewPoint, 'sequence'>[] {
  if (points.length < 1 || points.length > mostPoints) {
    const message = `1 to 5,000 points can be logged at once; these are ${points.length}. Send them in parts.`;
    throw new Invalid(message, [{ path: 'points', message }]);
  }
  const issues = points.flatMap((point, index) =>
    problemsOf(point).map(([field, message]) => ({ path: `points.${index}.${field}`, message })),
  );
  if (issues.length > 0) {
    const told = issues.slice(0, mostIssues);
    const more = issues.length > told.length ? ` (and ${issues.length - told.length} more)` : '';
    throw new Invalid(`${told[0]?.path}: ${told[0]?.message}${more} Nothing was stored.`, told);
  }
  return points.map(({ key, step, rank, value, nonFinite, epoch, tokens, time }) => ({
    key,
    step,
    rank: rank ?? 0,
    value: numberOf({ value: value ?? null, nonFinite: nonFinite ?? null }),
    epoch: epoch ?? 0,
    tokens: tokens ?? 0,
    time: time ?? now,
  }));
}

const isWhole = (number: number, most: number) => Number.isInteger(number) && number >= 0 && number <= most;
const isCount = (number: number) => Number.isFinite(number) && number >= 0;

function problemsOf({ key, step, rank, value, nonFinite, epoch, tokens, time }: LoggedPoint): [string, string][] {
  const problems: [string, string][] = [];
  if (key.length < 1 || key.length > 200 || /[\u0000-\u001f]/.test(key))
    problems.push(['key', 'A key has 1 to 200 characters, without line breaks.']);
  if (!isWhole(step, highestStep)) problems.push(['step', 'A step is a whole number from 0 to 2147483647.']);
  if (rank != null && !isWhole(rank, highestRank)) problems.push(['rank', `A rank is a whole number from 0 to ${highestRank}.`]);
  if ((value == null) === (nonFinite == null)) problems.push(['value', 'Either a value or nonFinite is needed, and not both.']);
  if (epoch != null && !isCount(epoch)) problems.push(['epoch', 'Epochs are 0 or more.']);
  if (tokens != null && !isCount(tokens)) problems.push(['tokens', 'Tokens are 0 or more.']);
  if (time && !(time.getTime() >= 0 && time.getTime() < Date.UTC(10_000, 0))) problems.push(['time', 'A time lies from 1970 to 9999.']);
  return problems;
}

/** Numbers for the stream: points of a call get them in their order. @param last the highest one that is given already. */
export const numbered = (points: readonly Omit<NewPoint, 'sequence'>[], last: number): NewPoint[] =>
  points.map((point, index) => ({ ...point, sequence: last + 1 + Math.floor(index / pointsASequence) }));
