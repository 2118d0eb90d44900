import { productTypes, storages } from '@anneal/engine/internals';
import { z } from 'zod';

const checkpointings = ['none', 'layer'] as const;

/** How the engine does the work. */
export interface Variant {
  name: string;
  /** How frozen weights are kept. */
  storage: (typeof storages)[number];
  /** In which numbers products with them are computed. */
  products: (typeof productTypes)[number];
  gradientCheckpointing: (typeof checkpointings)[number];
}

const fp32: Variant = { name: 'fp32', storage: 'float32', products: 'float32', gradientCheckpointing: 'none' };
export const variants = {
  fp32,
  int8: { ...fp32, name: 'int8', storage: 'int8', products: 'int8' },
  nf4: { ...fp32, name: 'nf4', storage: 'nf4', products: 'int8' },
  checkpointing: { ...fp32, name: 'fp32 with gradient checkpointing', gradientCheckpointing: 'layer' },
} as const satisfies Record<string, Variant>;

/** On the command line of our side. */
export const variantSchema = z.object({
  storage: z.enum(storages),
  products: z.enum(productTypes),
  'gradient-checkpointing': z.enum(checkpointings),
});

export const variantArguments = ({ storage, products, gradientCheckpointing }: Variant): string[] => [
  ...['--storage', storage],
  ...['--products', products],
  ...['--gradient-checkpointing', gradientCheckpointing],
];
