import { type AdapterTensor, matrixA } from './lora.ts';
import { moduleOf } from './names.ts';
import type { AdapterConfig } from './peft-config.ts';

/** What an adapter trains, in words: "LoRA of rank 8 on 210 linear layers, and lm_head as a whole". */
export function describeAdapter({ rank, rsLora, dora, modulesToSave = [] }: AdapterConfig, trainable: readonly AdapterTensor[]): string {
  const layers = trainable.filter(({ name }) => matrixA(moduleOf(moduleOf(name))) === name).length;
  const kind = `${rsLora ? 'rank-stabilised ' : ''}${dora ? 'DoRA' : 'LoRA'}`;
  const whole = modulesToSave.length > 0 ? `, and ${modulesToSave.join(', ')} as a whole` : '';
  return `${kind} of rank ${rank} on ${layers} linear ${layers === 1 ? 'layer' : 'layers'}${whole}`;
}
