import { type FinishReason, type GenerateEvent, ModelError, type Usage } from '@anneal/plugins';
import { pause } from '../streams/wake.ts';
import { ExecutionFailure } from './execution-problem.ts';
import { longestOutput } from './execution-limits.ts';

export interface Patience {
  /** How often it is asked at most. */
  maxAttempts: number;
  /** Before the second attempt; each further pause is twice as long. Milliseconds. */
  firstPause: number;
  /** When the time is over; as `performance.now` counts. */
  deadline: number;
}

/** What an answer ended with. */
export interface Answered {
  finishReason: FinishReason;
  usage: Usage | undefined;
}

const longestPause = 30_000;

/**
 * Asks a model until it answers: again after errors that pass, with pauses that double and vary by half, so that many do not come back
 * at the same moment (exponential back-off with jitter), or as long as the provider says.
 * @param ask one attempt, from 1
 * @param onText a piece of the answer. @returns how long the answer of this attempt is now
 * @throws what the last attempt threw; the reason of the signal
 */
export async function askPatiently(
  ask: (attempt: number) => AsyncIterable<GenerateEvent>,
  onText: (text: string) => number,
  { maxAttempts, firstPause, deadline }: Patience,
  signal: AbortSignal,
): Promise<Answered> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await answerOf(ask(attempt), onText, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ModelError) || !error.isPassing || attempt >= maxAttempts) throw error;
      const wait = pauseAfter(error, attempt, firstPause);
      // What would be refused for the time is told as what it is.
      if (performance.now() + wait >= deadline) throw error;
      await pause(wait, signal);
      signal.throwIfAborted();
    }
  }
}

function pauseAfter({ retryAfterSeconds }: ModelError, attempt: number, firstPause: number): number {
  if (retryAfterSeconds !== undefined) return retryAfterSeconds * 1000;
  return Math.min(longestPause, firstPause * 2 ** (attempt - 1)) * (0.5 + Math.random());
}

async function answerOf(events: AsyncIterable<GenerateEvent>, onText: (text: string) => number, signal: AbortSignal): Promise<Answered> {
  for await (const event of orAborted(events, signal)) {
    if (event.type === 'end') return { finishReason: event.finishReason, usage: event.usage };
    if (event.type !== 'text') continue;
    if (onText(event.text) > longestOutput) {
      const most = longestOutput.toLocaleString('en');
      throw new ExecutionFailure('OUTPUT_TOO_LONG', `The answer has more than ${most} characters. Ask for fewer tokens with maxTokens.`);
    }
  }
  throw new ModelError('CUT_STREAM', 'The answer broke off before its end. Try it again.');
}

/** The same events, but the signal ends them even while nothing comes. */
async function* orAborted<T>(events: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  signal.throwIfAborted();
  const iterator = events[Symbol.asyncIterator]();
  let stop: () => void = () => undefined;
  const aborted = new Promise<null>((resolve) => {
    stop = () => resolve(null);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    for (;;) {
      const next = iterator.next();
      const result = await Promise.race([next, aborted]);
      if (result === null) {
        next.catch(() => undefined);
        signal.throwIfAborted();
        return;
      }
      if (result.done) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    // Not waited for: it may hang.
    void iterator.return?.().catch(() => undefined);
  }
}
