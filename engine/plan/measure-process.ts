// A process that trains a slice of a model for a few steps: node engine/compiled/run.mjs engine/plan/measure-process.ts <request file>
// The last line of its output is JSON, see measurement.ts.
import fs from 'node:fs';
import process from 'node:process';
import { parseTrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { explainShortage } from './advice.ts';
import { measureRun } from './measure-run.ts';
import { type Measurement, type MeasurementFailure, requestSchema } from './measurement.ts';

const request = requestSchema.parse(JSON.parse(fs.readFileSync(process.argv[2] ?? '', 'utf8')));
const config = parseTrainingConfig(request.config);
const startMemory = process.memoryUsage.rss();
try {
  const measured = await measureRun(config, request);
  // maxRSS is in kilobytes on every system.
  tell({ ...measured, startMemory, peakMemory: process.resourceUsage().maxRSS * 1024 });
} catch (error) {
  const known = explainShortage(error, config);
  if (!(known instanceof EngineError)) throw error;
  tell({ code: known.code, message: known.message, issues: [...known.issues] });
}

function tell(result: Measurement | MeasurementFailure): void {
  console.log(JSON.stringify(result));
}
