// A process that plans a run: node engine/compiled/run.mjs engine/plan/plan-process.ts <request as JSON>
// The last line of its output is JSON: the plan, or what a person can mend.
import process from 'node:process';
import { z } from 'zod';
import { parseTrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import type { MeasurementFailure } from './measurement.ts';
import { plan } from './plan.ts';
import type { PlannedRun } from './planned-run.ts';

const requestSchema = z.object({ config: z.unknown(), folder: z.string() });

const { config, folder } = requestSchema.parse(JSON.parse(process.argv[2] ?? '{}'));
try {
  tell(await plan(parseTrainingConfig(config), { folder }));
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  tell({ code: error.code, message: error.message, issues: [...error.issues] });
}

function tell(result: PlannedRun | MeasurementFailure): void {
  console.log(JSON.stringify(result));
}
