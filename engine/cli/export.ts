import { Command, Option } from 'commander';
import type { ExportOptions } from '../export/export-model.ts';
import { inBytes } from './in-words.ts';
import { numberIn } from './numbers.ts';

interface Options {
  format: ExportOptions['format'];
  out: string;
  runDir?: string;
  model?: string;
  adapter?: string;
  precision: ExportOptions['precision'];
  shardBytes?: number;
  baseModelName?: string;
}

export function exportCommand(): Command {
  return new Command('export')
    .description('Writes a model, and an adapter that was trained on it, for other programs.')
    .addOption(
      new Option('--format <name>', 'merged: a Hugging Face folder; adapter: a PEFT folder; onnx: for Transformers.js; gguf: for llama.cpp')
        .choices(['merged', 'adapter', 'onnx', 'gguf'])
        .makeOptionMandatory(),
    )
    .requiredOption('--out <folder>', 'folder to be made')
    .addOption(new Option('--run-dir <folder>', 'what the run in this folder has learned').conflicts('adapter'))
    .option('--model <folder>', 'Hugging Face model folder, or "bundled"; default: the one that the adapter names')
    .option('--adapter <folder>', 'PEFT folder')
    .addOption(new Option('--precision <name>', 'gguf: how matrices are stored').choices(['F32', 'F16', 'Q8_0']).default('F16'))
    .option('--shard-bytes <n>', 'merged: bytes of one file at most', numberIn({ least: 1, whole: true }))
    .option('--base-model-name <name>', 'adapter: what PEFT will load as the base, a folder or a name on the Hub')
    .action(async ({ model, runDir, ...options }: Options) => {
      const { exportModel, runArtifacts } = await import('../index.ts');
      const learned = runDir === undefined ? {} : await runArtifacts(runDir);
      const { folder, files, notes } = await exportModel({ ...options, ...(model !== undefined && { base: model }), ...learned });
      console.log([folder, ...files.map(({ path, bytes }) => `  ${path}  ${inBytes(bytes)}`), ...notes].join('\n'));
    });
}
