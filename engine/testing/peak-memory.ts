// node --import tsx engine/testing/peak-memory.ts <run folder>
// Trains as the config.json there says and prints, as the last line, the highest resident memory of the process in bytes.
import fs from 'node:fs';
import path from 'node:path';
import { parseTrainingConfig } from '../config.ts';
import { train } from '../training/train.ts';

const folder = process.argv[2] ?? '';
const config = parseTrainingConfig(JSON.parse(fs.readFileSync(path.join(folder, 'config.json'), 'utf8')));
let last = '';
for await (const { type } of train(config, { folder })) last = type;
if (last !== 'completed') throw new Error(`the run ended with ${last}`);
// In kilobytes on every system.
console.log(process.resourceUsage().maxRSS * 1024);
