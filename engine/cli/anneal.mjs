#!/usr/bin/env node
// The program `anneal`. TypeScript runs as it is; a tsconfig.json in the folder where it is called is none of its business.
import { register } from 'tsx/esm/api';

register({ tsconfig: false });
const { main } = await import('./main.ts');
await main(process.argv.slice(2));
