import { Command, Option } from 'commander';
import type { TextModel, TextSettings } from '../generation/text-model.ts';
import { type Storage, storages } from '../quantization/stored-weight.ts';
import { another, numberIn } from './numbers.ts';

interface Options extends TextSettings {
  model?: string;
  adapter?: string;
  prompt: string;
  storage: Storage;
  threads: number;
}

const count = numberIn({ least: 1, whole: true });

export function generateCommand(): Command {
  return new Command('generate')
    .description("Answers a prompt, token by token on stdout. The prompt is the user's turn of a conversation, as in training.")
    .option('--model <folder>', 'Hugging Face model folder, or "bundled"; default: the one that the adapter names')
    .option('--adapter <folder>', 'PEFT folder')
    .requiredOption('--prompt <text>', 'what the model is asked')
    .option('--max-tokens <n>', 'new tokens at most', count, 256)
    .option('--temperature <n>', '0: always the most likely token', numberIn({ least: 0 }), 0)
    .option('--top-k <n>', 'only the k most likely tokens; 0: all', numberIn({ least: 0, whole: true }), 0)
    .option('--top-p <n>', 'only the most likely tokens whose probabilities sum up to p', numberIn({ least: 0, most: 1 }), 1)
    .option('--seed <n>', 'the same seed gives the same text', numberIn({ least: 0, whole: true }), 0)
    .option('--stop <text>', 'ends the answer and is not part of it; may be repeated', another, [])
    .addOption(new Option('--storage <name>', 'how the weights of linear layers are kept in memory').choices(storages).default('float32'))
    .option('--threads <n>', 'CPU threads; 0: one for each core', numberIn({ least: 0, whole: true }), 0)
    .action(async ({ model, adapter, prompt, threads, storage, ...settings }: Options, command: Command) => {
      if (model === undefined && adapter === undefined)
        command.error("error: give a model folder ('--model'), an adapter ('--adapter'), or both");
      const answering = await open(model, adapter, { threads, storage });
      for await (const { text } of answering.write(prompt, settings)) {
        if (!process.stdout.writable) break;
        process.stdout.write(text);
      }
      process.stdout.write('\n');
      await answering.release();
    });
}

async function open(
  model: string | undefined,
  adapter: string | undefined,
  { threads, storage }: Pick<Options, 'threads' | 'storage'>,
): Promise<TextModel> {
  const { loadAdapter, resolveModelFolder, TextModel } = await import('../index.ts');
  const base = resolveModelFolder(model ?? (await loadAdapter(adapter ?? '')).config.baseModel);
  const opened = await TextModel.open(base, threads, { storage });
  return adapter === undefined ? opened : opened.withAdapter(adapter);
}
