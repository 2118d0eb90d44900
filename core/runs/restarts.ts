import type { Run } from '@anneal/prisma';

/** Tries in a row without a new step, after which a run is given up. */
const mostFruitless = 3;
/** Most tries in all that somebody may allow a run. */
export const mostCrashes = 20;
/** Between two tries at most. Milliseconds. */
const longestPause = 60_000;

/** What is to be done about a run whose worker died. */
export type Verdict =
  | { isOver: true; errorMessage: string }
  | { isOver: false; warning: string; data: { crashes: number; fruitlessAttempts: number; nextAttemptAt: Date } };

export interface Crash {
  run: Pick<Run, 'step' | 'stepAtStart' | 'fruitlessAttempts' | 'crashes' | 'maxCrashes'>;
  /** What its worker said last; null when nothing. */
  lastWords: string | null;
  /** Before the second try; each further one waits twice as long. Milliseconds. */
  firstPause: number;
  now?: number;
}

/** Whether a run is tried again after a crash, and when. */
export function afterCrash({ run, lastWords, firstPause, now = Date.now() }: Crash): Verdict {
  const { step, stepAtStart, maxCrashes } = run;
  const crashes = run.crashes + 1;
  const fruitlessAttempts = step > stepAtStart ? 0 : run.fruitlessAttempts + 1;
  const said = lastWords === null ? '' : `Its last words: ${lastWords} `;
  if (fruitlessAttempts >= mostFruitless || crashes > maxCrashes) {
    const often =
      fruitlessAttempts >= mostFruitless
        ? `${mostFruitless} times in a row without a new step after step ${step}`
        : `${crashes} ${crashes === 1 ? 'time' : 'times'}, the last time after step ${step}; it may be started again ${maxCrashes} times`;
    const silence = 'It left no message: the system may have ended it, for instance because memory ran out. ';
    const advice = 'Try a smaller batch size or a shorter maximum length; worker.log in the folder of the run has the details.';
    return { isOver: true, errorMessage: `The training process ended unexpectedly ${often}. ${said || silence}${advice}` };
  }
  const pause = Math.min(longestPause, firstPause * 2 ** (crashes - 1));
  const from = step > 0 ? ` It goes on from its last checkpoint.` : '';
  const warning =
    `The training process ended unexpectedly after step ${step}. ${said}` +
    `It is started again in ${(pause / 1000).toFixed(pause < 1000 ? 1 : 0)} s (${crashes} of at most ${maxCrashes} times).${from}`;
  return { isOver: false, warning, data: { crashes, fruitlessAttempts, nextAttemptAt: new Date(now + pause) } };
}
