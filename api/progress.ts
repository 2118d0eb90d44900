import { progressBar, progressLine, type RunProgress } from './progress-bar.ts';

/** Where the progress is written: a terminal, or a file or pipe. */
export interface ProgressOutput {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** Between two lines in a file. Milliseconds. */
const lineInterval = 2000;

/** Goes back to the start of the line and clears it. */
const clearLine = '\r\u001b[2K';

/** Shows how a run goes: one line that is drawn again on a terminal, a line every 2 s in a file. */
export interface ProgressDisplay {
  /** New figures; how often they are shown is the display's business. */
  update(progress: RunProgress): void;
  /** A line of its own that stays, such as the end of the run. */
  say(message: string): void;
}

export function createProgressDisplay(output: ProgressOutput, now: () => number = Date.now): ProgressDisplay {
  return output.isTTY ? terminalDisplay(output) : fileDisplay(output, now);
}

function terminalDisplay(output: ProgressOutput): ProgressDisplay {
  let drawn = false;
  return {
    update(progress) {
      output.write(clearLine + progressBar(progress, output.columns ?? 80));
      drawn = true;
    },
    say(message) {
      output.write(`${drawn ? clearLine : ''}${message}\n`);
      drawn = false;
    },
  };
}

function fileDisplay(output: ProgressOutput, now: () => number): ProgressDisplay {
  let lastAt = -Infinity;
  let last = '';
  return {
    update(progress) {
      const line = progressLine(progress);
      if (now() - lastAt < lineInterval || line === last) return;
      lastAt = now();
      last = line;
      output.write(`${line}\n`);
    },
    say(message) {
      output.write(`${message}\n`);
    },
  };
}
