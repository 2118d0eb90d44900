import path from 'node:path';
import { modelDescription, z } from '@anneal/plugins/kit';

const model = z
  .object({
    name: z
      .string()
      .regex(/^[\w][\w.-]{0,99}$/, 'has to be letters, digits and ". _ -", such as "codet5p-220m"')
      .describe('The model is called transformers/<name>'),
    task: z
      .enum(['text-generation', 'text2text-generation', 'embeddings'])
      .describe('Whether it continues a text (Llama, Qwen), turns a text into another (CodeT5+), or into a vector (sentence-transformers)'),
    folder: z
      .string()
      .refine((folder) => path.isAbsolute(folder), 'has to be an absolute path')
      .optional()
      .describe('With config.json, tokenizer.json and onnx/model.onnx, inside the folder "models" of the studio’s data'),
    repository: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, 'has to be an id such as Xenova/all-MiniLM-L6-v2')
      .optional()
      .describe('Id on the Hugging Face Hub, in place of a folder; it is fetched at each load, and only where downloads are allowed'),
    revision: z
      .string()
      .regex(/^[\w./-]{1,100}$/)
      .default('main')
      .describe('Branch, tag or commit on the Hub'),
    dtype: z
      .enum(['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4'])
      .default('fp32')
      .describe('Which of the model’s files: fp32 is model.onnx, q8 model_quantized.onnx, the others model_<dtype>.onnx'),
    pooling: z.enum(['mean', 'cls', 'last_token']).default('mean').describe('Embeddings: how the vectors of the tokens become one'),
    normalize: z.boolean().default(true).describe('Embeddings: whether vectors are brought to length 1'),
    queryPrefix: z.string().max(1000).default('').describe('Embeddings: what such a model wants before a text that is searched with'),
    documentPrefix: z.string().max(1000).default('').describe('Embeddings: what it wants before a text that is found'),
    contextTokens: modelDescription.shape.contextTokens.describe('Most tokens of question and answer; left out: what its config.json says'),
  })
  .refine(({ folder, repository }) => (folder === undefined) !== (repository === undefined), 'needs either a folder or a repository');
export type ModelSettings = z.output<typeof model>;

export const settings = z.object({
  models: z
    .array(model)
    .max(100)
    .default([])
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two models have the same name')
    .describe('Models that can be asked'),
  allowDownloads: z
    .boolean()
    .default(false)
    .describe('Whether models may be fetched from the Hugging Face Hub; the plugin needs the right to use the network as well'),
  hubUrl: z
    .url({ protocol: /^https?$/ })
    .default('https://huggingface.co')
    .describe('Of the Hub, or of a mirror'),
  memoryGb: z
    .number()
    .min(0.1)
    .max(4096)
    .optional()
    .describe('Memory for all models together, in GB; left out: half of what this machine has'),
  idleMinutes: z.number().min(0.1).max(1440).default(10).describe('Minutes without a question after which a model is let go'),
  threads: z.int().min(0).max(1024).default(0).describe('CPU threads of one answer; 0: one for each core'),
});
export type Settings = z.output<typeof settings>;
