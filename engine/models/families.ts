import type { ModelFamily } from './family.ts';
import { llama } from './llama.ts';
import type { ModelConfig } from './model-config.ts';

/** All model families, by the architecture that `readModelConfig` found. */
export const families: Record<ModelConfig['architecture'], ModelFamily> = { llama };
