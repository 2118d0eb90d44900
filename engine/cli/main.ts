import { CommanderError } from 'commander';
import { complain } from './complain.ts';
import { program } from './program.ts';

/** What a mistake in the call itself ends with. */
const wrongCall = 2;

/**
 * Runs a command; the process then has its exit code. 0: it was done; 1: something outside is wrong, which was told on stderr;
 * 2: the call itself is wrong; 128 and the signal's number: a training that was interrupted by it.
 * @param args without the program's name
 */
export async function main(args: readonly string[]): Promise<void> {
  endOutputWithItsReader();
  try {
    await program().parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : wrongCall;
    else {
      complain(error);
      process.exitCode = 1;
    }
  }
}

/** `anneal … | head`: what nobody reads any more is left out, and the work goes on. */
function endOutputWithItsReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
