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
  areAccountsRequired: boolean;
  isRegistrationOpen: boolean;
  needsSetup: boolean;
}

const StudioRef = builder.objectRef<StudioFacts>('Studio').implement({
  description: 'This studio and the machine that it runs on.',
  fields: (t) => ({
    version: t.string({ resolve: () => version, description: 'Version of the studio: `0.1.0`.' }),
    accountsRequired: t.exposeBoolean('areAccountsRequired', {
      description: 'Whether one has to log in. If not, the studio answers to its own machine alone, and whoever asks is its one user.',
    }),
    registrationOpen: t.exposeBoolean('isRegistrationOpen', { description: 'Whether anybody may `register`.' }),
    needsSetup: t.exposeBoolean('needsSetup', {
      description: 'Whether the first account is still to be made, with the set-up code that the server wrote to its output.',
    }),
    dataFolder: t.exposeString('dataFolder', {
      nullable: true,
      authScopes: { administrator: true },
      unauthorizedResolver: () => null,
      description: 'Where runs, models and the database lie, on the machine of the server; null for whoever is no administrator.',
    }),
    cpu: t.string({
      authScopes: { reader: true },
      resolve: () => os.cpus()[0]?.model.trim() ?? 'unknown',
      description: 'Name of the processor.',
    }),
    cores: t.int({
      authScopes: { reader: true },
      resolve: () => os.availableParallelism(),
      description: 'Processor cores that may be used.',
    }),
    memory: t.float({ authScopes: { reader: true }, resolve: () => os.totalmem(), description: 'Main memory, in bytes. A whole number.' }),
  }),
});

builder.queryField('studio', (t) =>
  t.field({
    type: StudioRef,
    // A page that logs somebody in has to know how.
    skipTypeScopes: true,
    description: 'This studio and the machine that it runs on. Those who have not logged in see how to log in.',
    resolve: async (_root, _args, { studio: { config, accounts } }) => {
      const needsSetup = (await accounts.setupCode()) !== undefined;
      return {
        dataFolder: config.dataFolder,
        areAccountsRequired: config.accounts === 'required',
        isRegistrationOpen: config.registration === 'open' || needsSetup,
        needsSetup,
      };
    },
  }),
);
