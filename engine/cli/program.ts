import fs from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { exportCommand } from './export.ts';
import { generateCommand } from './generate.ts';
import { inspectCommand } from './inspect.ts';
import { planCommand } from './plan.ts';
import { trainCommand } from './train.ts';

/** The commands; what one needs of the engine is loaded when it runs. A mistake in the call is told on stderr and thrown as CommanderError. */
export function program(): Command {
  const anneal = new Command('anneal').description('Fine-tunes language models.').version(version());
  for (const command of [trainCommand(), planCommand(), generateCommand(), exportCommand(), inspectCommand()]) anneal.addCommand(command);
  for (const command of [anneal, ...anneal.commands]) {
    const name = command === anneal ? 'anneal' : `anneal ${command.name()}`;
    command.exitOverride().showHelpAfterError(`See: npx ${name} --help`).configureOutput({ outputError: sentence });
  }
  return anneal;
}

/** "error: unknown option '--runs'" as a sentence. */
function sentence(text: string, write: (text: string) => void): void {
  write(text.replace(/^error: (.)/, (_, first: string) => first.toUpperCase()).replace(/([^.)\n])\n/, '$1.\n'));
}

function version(): string {
  const file: unknown = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return z.object({ version: z.string() }).parse(file).version;
}
