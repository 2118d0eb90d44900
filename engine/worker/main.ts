// A process that trains one run: node --import tsx engine/worker/main.ts <run folder>
import { train } from '../training/train.ts';
import { runAsProcess } from './run-as-process.ts';

await runAsProcess(train);
