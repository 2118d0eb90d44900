import { z } from 'zod';
import { productTypes, storages } from '../quantization/stored-weight.ts';
import { hint } from './hint.ts';

const fields = z.strictObject({
  base: z
    .string()
    .min(1)
    .default('bundled')
    .meta(
      hint(
        'Base model',
        'A Hugging Face model folder with config.json, model.safetensors and tokenizer.json, or "bundled" for the small code model that comes with the studio.',
      ),
    ),
  storage: z
    .enum(storages)
    .default('float32')
    .meta(
      hint(
        'Storage',
        "How the frozen weights of the linear layers are kept in memory. float16, bfloat16: half the size; exact where the model's file has that type. int8: a quarter. nf4: an eighth (QLoRA, Dettmers et al. 2023). Smaller ones for LoRA only.",
      ),
    ),
  products: z
    .enum(productTypes)
    .default('float32')
    .meta(
      hint(
        'Products',
        'What products with frozen int8 or nf4 weights are computed in. int8: about twice as fast on processors with VNNI or its like, and a little less exact (SwitchBack, Wortsman et al. 2023).',
        { advanced: true },
      ),
    ),
  doubleQuantization: z
    .boolean()
    .default(false)
    .meta(
      hint(
        'Double quantisation',
        'nf4: the factors of its blocks are quantised too (Dettmers et al. 2023). Saves another 8 % of the weights and is a little less exact.',
        { advanced: true },
      ),
    ),
});

/** What is fine-tuned, and how its frozen weights are kept. Settings of a storage that is not the one chosen would change nothing. */
export const model = fields.superRefine(({ storage, products, doubleQuantization }, context) => {
  const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  if (products === 'int8' && storage !== 'int8' && storage !== 'nf4')
    refuse('products', 'int8 products need weights in int8 or nf4. Set model.storage to one of them too.');
  if (doubleQuantization && storage !== 'nf4')
    refuse('doubleQuantization', 'It belongs to nf4. Set model.storage to nf4, or leave it out.');
});
