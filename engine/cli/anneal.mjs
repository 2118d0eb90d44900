#!/usr/bin/env node
// The program `anneal`.
import path from 'node:path';
import { load } from '../compiled/load.mjs';

const { main } = await load(path.join(import.meta.dirname, 'main.ts'));
await main(process.argv.slice(2));
