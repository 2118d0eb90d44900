import type { Run } from '@anneal/prisma';

/** Failures that lie in the configuration: a run that is tried again as it is comes to the same end. */
const ofConfiguration = new Set(['CONFIG_INVALID', 'MODEL_UNSUPPORTED', 'CHECKPOINT_MISMATCH', 'DIVERGED', 'DATASET_INVALID']);

/** Why a run cannot be tried again; null when it can. */
export function whyNotAgain({
  name,
  state,
  errorCode,
  errorMessage,
}: Pick<Run, 'name' | 'state' | 'errorCode' | 'errorMessage'>): string | null {
  if (state === 'COMPLETED') return `The run "${name}" is complete; there is nothing to try again. Clone it to train once more.`;
  if (state === 'QUEUED' || state === 'STARTING' || state === 'RUNNING')
    return `The run "${name}" is under way (${state}); there is nothing to try again.`;
  if (state === 'PAUSED') return `The run "${name}" is paused; resume it.`;
  if (state === 'PAUSING' || state === 'CANCELLING') return `The run "${name}" has not ended yet (${state}); try it again when it has.`;
  if (state === 'FAILED' && errorCode !== null && ofConfiguration.has(errorCode))
    return `The run "${name}" would fail the same way again: ${errorMessage ?? errorCode} Clone it with changes that mend this.`;
  return null;
}
