import { builder } from './builder.ts';

export const RunState = builder.enumType('RunState', {
  description: 'Where a run stands.',
  values: {
    QUEUED: { description: 'Waits for its turn.' },
    STARTING: { description: 'Its training process is being started, or started again after it died.' },
    RUNNING: { description: 'Trains.' },
    PAUSING: { description: 'Was asked to pause and will at the end of the step.' },
    PAUSED: { description: 'Waits to be resumed, without a process; it goes on exactly where it was.' },
    CANCELLING: { description: 'Was asked to stop and will at the end of the step; what it has learned is being saved.' },
    COMPLETED: { description: 'Trained to its end.' },
    CANCELLED: { description: 'Was stopped on demand. What it learned until then is kept. Can be tried again.' },
    FAILED: { description: 'Could not go on; `error` says why. Can be tried again, unless its configuration is wrong.' },
  } as const,
});
