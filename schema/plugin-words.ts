import { builder } from './builder.ts';

export const PluginKind = builder.enumType('PluginKind', {
  description: 'What a plugin adds to the studio.',
  values: {
    TOOL: { value: 'tool', description: 'Takes an input, gives an output.' },
    LANGUAGE_MODEL: { value: 'language-model', description: 'Models that prompts are executed with.' },
    CODE_GENERATOR: { value: 'code-generator', description: 'Writes code.' },
    EMBEDDING: { value: 'embedding', description: 'Models that turn texts into vectors.' },
    REWARD: { value: 'reward', description: 'Judges answers.' },
    DATASET_SOURCE: { value: 'dataset-source', description: 'Brings rows of a dataset from elsewhere.' },
    EXPORTER: { value: 'exporter', description: 'Writes models in another format.' },
  } as const,
});

export const PluginState = builder.enumType('PluginState', {
  description: 'How a plugin stands.',
  values: {
    DISABLED: { description: 'Nobody may use it. An administrator can enable it.' },
    IDLE: { description: 'It may be used; its process is started by the first call.' },
    RUNNING: { description: 'It has a process.' },
    FAILED: { description: 'Its process was ended for what it did, or could not be started. The next call tries again.' },
    BROKEN: { description: 'It cannot be used as it lies there: mend its folder, and reload it.' },
  } as const,
});

export const PluginLogLevel = builder.enumType('PluginLogLevel', {
  description: 'How important a line of a plugin is.',
  values: {
    DEBUG: { value: 'debug', description: 'For whoever writes the plugin.' },
    INFO: { value: 'info', description: 'What happens.' },
    WARN: { value: 'warn', description: 'Something is odd.' },
    ERROR: { value: 'error', description: 'Something went wrong.' },
  } as const,
});

export const PluginFailureReason = builder.enumType('PluginFailureReason', {
  description: 'Why a plugin gave no answer.',
  values: {
    MANIFEST_INVALID: { description: 'Its plugin.json is not valid.' },
    KIT_MISMATCH: { description: 'It was written for another version of the kit.' },
    SOURCE_INVALID: { description: 'It cannot be built, or imports what it may not.' },
    START_FAILED: { description: 'Its module threw an error when it was loaded.' },
    START_TIMEOUT: { description: 'It took too long to load.' },
    EXITED: { description: 'Its process has ended in the middle.' },
    MEMORY: { description: 'It took more memory than it may.' },
    PROCESSOR: { description: 'It kept the processor busy without a call.' },
    NOT_RESPONDING: { description: 'It did not answer for too long.' },
    OUTPUT_FLOOD: { description: 'It wrote too much.' },
    CHANNEL_FLOOD: { description: 'It sent too many messages.' },
    MALFORMED_MESSAGE: { description: 'It sent something that is no message.' },
    IGNORED_CANCEL: { description: 'It went on after its call was cancelled.' },
    BACKING_OFF: { description: 'It failed again and again, and is started again after a while.' },
    STOPPED: { description: 'It was disabled, or loaded anew, in the middle.' },
    SETTINGS_INVALID: { description: 'Its settings are not complete, or not valid. An administrator sets them.' },
    INPUT_INVALID: { description: 'The input does not fit.' },
    METHOD_UNKNOWN: { description: 'It cannot do that.' },
    BUSY: { description: 'It is asked for more than it can do at a time.' },
    TIMEOUT: { description: 'The call took too long.' },
    CANCELLED: { description: 'The call was cancelled.' },
    THREW: { description: 'It threw an error.' },
    RESULT_INVALID: { description: 'It gave something else than its output schema says.' },
    RESULT_TOO_LARGE: { description: 'Its answer is larger than it may be.' },
  } as const,
});
