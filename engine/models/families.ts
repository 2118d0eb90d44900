import type { ModelFamily } from './family.ts';
import { gemma3 } from './gemma3.ts';
import { gemma } from './gemma.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import type { Architecture } from './model-config.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';
import { smolLm3 } from './smollm3.ts';

/** All model families, by the architecture that `readModelConfig` found. */
export const families: Record<Architecture, ModelFamily> = { llama, mistral, qwen2, qwen3, smollm3: smolLm3, gemma, gemma3, gpt2 };
