import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { builder } from './builder.ts';

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(path.join(import.meta.dirname, 'package.json'), 'utf8')));

interface StudioFacts {
  dataFolder: string;
}

const StudioRef = builder.objectRef<StudioFacts>('Studio').implement({
  description: 'This studio and the machine that it runs on.',
  fields: (t) => ({
    version: t.string({ resolve: () => version, description: 'Version of the studio: `0.1.0`.' }),
    dataFolder: t.exposeString('dataFolder', { description: 'Where runs, models and the database lie, on the machine of the server.' }),
    cpu: t.string({ resolve: () => os.cpus()[0]?.model.trim() ?? 'unknown', description: 'Name of the processor.' }),
    cores: t.int({ resolve: () => os.availableParallelism(), description: 'Processor cores that may be used.' }),
    memory: t.float({ resolve: () => os.totalmem(), description: 'Main memory, in bytes. A whole number.' }),
  }),
});

builder.queryField('studio', (t) =>
  t.field({
    type: StudioRef,
    description: 'This studio and the machine that it runs on.',
    resolve: (_root, _args, { studio }) => ({ dataFolder: studio.config.dataFolder }),
  }),
);
