// A process that trains one run: node engine/compiled/run.mjs engine/worker/main.ts <run folder> [--retry]
import { train } from '../training/train.ts';
import { runAsProcess } from './run-as-process.ts';

await runAsProcess(train);
