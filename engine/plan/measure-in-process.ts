import fs from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../errors.ts';
import { lastLine, runProgram } from '../hardware/run-program.ts';
import { failureSchema, type Measurement, measurementSchema, type MeasureRequest } from './measurement.ts';

const program = path.join(import.meta.dirname, 'measure-process.ts');

/**
 * Measures in a process of its own: its memory is looked at, and it may run out.
 * @param folder where the request is left for it
 * @throws EngineError what the process found wrong with the configuration; `OUT_OF_MEMORY`
 */
export async function measureInProcess(folder: string, request: MeasureRequest): Promise<Measurement> {
  const file = path.join(folder, 'request.json');
  await fs.writeFile(file, JSON.stringify(request));
  const { code, output, complaint } = await runProgram(program, [file]);
  const told = lastLine(output);
  const failure = failureSchema.safeParse(told).data;
  if (failure) throw new EngineError(failure.code, failure.message, failure);
  if (code === 'SIGKILL' || code === 'SIGABRT') {
    throw new EngineError('OUT_OF_MEMORY', 'Memory ran out while the run was measured. Take a smaller batch or a smaller model.');
  }
  if (code !== 0) throw new Error(`the run could not be measured (${code}): ${complaint.trim()}`);
  return measurementSchema.parse(told);
}
