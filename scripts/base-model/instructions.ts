/*
 * node --import tsx scripts/base-model/instructions.ts
 *
 * Writes the instruction set that comes with the bundled model: drawing its rows anew at each start would take longer than reading them.
 */
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { bundledInstructionsFile, instructionRows } from '@anneal/engine';

const rows = instructionRows(3200, 1);
fs.writeFileSync(bundledInstructionsFile, gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), { level: 9 }));
console.log(`${rows.length} rows in ${bundledInstructionsFile}`);
