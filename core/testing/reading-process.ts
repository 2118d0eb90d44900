// A process that does nothing but follow the journal of one run into the database: to be killed by tests.
import path from 'node:path';
import process from 'node:process';
import { openDatabase } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import { createLogger } from '../logger.ts';
import { JournalReader } from '../runs/journal-reader.ts';
import { Bus } from '../streams/bus.ts';

const [folder = '', runId = ''] = process.argv.slice(2);
const prisma = await openDatabase(await testDatabase(folder));
const reader = new JournalReader({
  prisma,
  bus: new Bus(),
  logger: createLogger('error'),
  folderOf: (id) => path.join(folder, 'runs', id),
  onEnd: () => process.exit(0),
});
await reader.follow(runId);
console.log('reading');
setInterval(() => undefined, 1000);
