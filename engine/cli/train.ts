import path from 'node:path';
import { Command } from 'commander';

const notes = `
Paths in the configuration are relative to its own folder, or to the current one.
In the run folder: config.json, journal.ndjson (one event a line), checkpoints/, artifacts/adapter (or artifacts/model) and
tensorboard/. Ctrl+C saves a checkpoint and leaves; the run then goes on with --resume, and with the same losses.`;

interface Options {
  runDir: string;
  resume?: boolean;
}

export function trainCommand(): Command {
  return new Command('train')
    .description('Trains a model, or goes on with a training.')
    .argument('[config]', 'training configuration, a JSON file; may be left out with --resume')
    .requiredOption('--run-dir <folder>', 'where the run writes')
    .option('--resume', 'go on with the run in the folder from its newest checkpoint')
    .addHelpText('after', notes)
    .action(async (config: string | undefined, { runDir, resume = false }: Options, command: Command) => {
      if (config === undefined && !resume) command.error("error: missing argument 'config', the training configuration");
      const { runTraining } = await import('./run-training.ts');
      process.exitCode = await runTraining(config ?? null, path.resolve(runDir), resume);
    });
}
