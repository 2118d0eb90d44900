import { Worker } from 'node:worker_threads';
import { z } from 'zod';

/** How a file of prompts is written. */
export type FileFormat = 'JSON' | 'YAML';

/** What a text says, or what is wrong with it. */
export type ReadText = { value: unknown } | { problem: string; line?: number };

export type Path = readonly (string | number)[];

/** A thread that takes longer, or needs more memory, is ended. Milliseconds, megabytes. */
const patience = 30_000;
const mostMemory = 1024;

const answerSchema = z.union([
  z.object({ text: z.string() }),
  z.object({ lines: z.array(z.int().optional()) }),
  z.object({ problem: z.string(), line: z.int().optional() }),
  z.object({ value: z.unknown() }),
]);

/** Reads JSON, or YAML 1.2 without tags of its own, and with few aliases. */
export async function readText(text: string, format: FileFormat): Promise<ReadText> {
  if (format === 'JSON') return readJson(text);
  const answer = await inThread({ text });
  if ('problem' in answer) return { ...answer, problem: `This is no YAML that can be read: ${answer.problem}` };
  return { value: 'value' in answer ? answer.value : undefined };
}

/** Lines of what is at paths of a text of JSON or YAML, or of what it would be in; from 1. Undefined: not known. */
export async function linesOf(text: string, paths: readonly Path[]): Promise<(number | undefined)[]> {
  const answer = await inThread({ text, paths });
  return 'lines' in answer ? answer.lines : [];
}

/** The text that a file is written as; the same for the same file. */
export async function writeText(file: object, format: FileFormat): Promise<string> {
  if (format === 'JSON') return `${JSON.stringify(file, null, 2)}\n`;
  const answer = await inThread({ file });
  if ('text' in answer) return answer.text;
  throw new Error(`YAML could not be written: ${'problem' in answer ? answer.problem : ''}`);
}

function readJson(text: string): ReadText {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /position (\d+)/.exec(message)?.[1];
    const line = position === undefined ? undefined : text.slice(0, Number(position)).split('\n').length;
    return { problem: `This is no JSON: ${message}`, line };
  }
}

async function inThread(workerData: { text: string; paths?: readonly Path[] } | { file: object }): Promise<z.output<typeof answerSchema>> {
  const worker = new Worker(new URL('./import-export-worker.mjs', import.meta.url), {
    workerData,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: mostMemory },
  });
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ problem: 'It takes too long to be read. Import it in parts, or as JSON.' }), patience);
      const settle = (answer: z.output<typeof answerSchema>) => {
        clearTimeout(timer);
        resolve(answer);
      };
      worker.once('message', (answer) => settle(answerSchema.parse(answer)));
      worker.once('error', (error: Error) => settle({ problem: error.message }));
      worker.once('exit', () => settle({ problem: 'It could not be read.' }));
    });
  } finally {
    await worker.terminate();
  }
}
