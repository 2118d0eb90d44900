import type { TrainingConfig } from '../config.ts';
import { dpo } from './dpo.ts';
import type { TrainingMethod } from './method.ts';
import { orpo } from './orpo.ts';
import { pretraining } from './pretraining.ts';
import { reward } from './reward.ts';
import { sft } from './sft.ts';

type MethodSettings = TrainingConfig['method'];

/** Every method, by its name in the configuration. */
const methods: Record<MethodSettings['type'], (settings: MethodSettings) => TrainingMethod> = {
  sft: () => sft,
  pretraining: () => pretraining,
  dpo,
  orpo,
  reward,
};

/** The method of a configuration, with its settings. */
export const trainingMethod = (settings: MethodSettings): TrainingMethod => methods[settings.type](settings);
