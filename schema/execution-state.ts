import { builder } from './builder.ts';

export const ExecutionState = builder.enumType('ExecutionState', {
  description: 'Where an execution stands.',
  values: {
    QUEUED: { description: 'Waits for its turn in a batch.' },
    RUNNING: { description: 'The model is being asked.' },
    SUCCEEDED: { description: 'The answer is there.' },
    FAILED: { description: 'There is no whole answer; `error` says why.' },
    CANCELLED: { description: 'Somebody ended it; what had come until then is kept.' },
  } as const,
});
