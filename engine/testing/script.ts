import fs from 'node:fs';
import path from 'node:path';

/** What a scripted worker does in place of training. `maxSteps`, `checkpointEvery` and `seed` come from the configuration. */
export interface Script {
  /** Waits in each step. Milliseconds. */
  stepMilliseconds?: number;
  /** Blocks the main thread in each step, as a training step does. Milliseconds. */
  blockMilliseconds?: number;
  /** Before this step something happens. */
  at?: number;
  /** advice: an EngineError; bug: any other error; crash: the process dies by SIGKILL; drift: losses differ from then on in a second attempt; hold: the first attempt waits until it is asked for something. */
  happens?: 'advice' | 'bug' | 'crash' | 'drift' | 'hold';
}

const file = 'script.json';

export const writeScript = (folder: string, script: Script): void => {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, file), JSON.stringify(script));
};

export function readScript(folder: string): Script {
  const found = path.join(folder, file);
  return fs.existsSync(found) ? (JSON.parse(fs.readFileSync(found, 'utf8')) as Script) : {};
}
