// Runs a TypeScript program in this process: node engine/compiled/run.mjs <program> <its arguments>
import path from 'node:path';
import process from 'node:process';
import { load } from './load.mjs';

const [, , program = ''] = process.argv;
// The program finds its arguments where they are when Node is given the program itself.
process.argv.splice(1, 1);
await load(path.resolve(program));
