// A studio that is to be killed, in a process of its own. Arguments: data folder, port. Most of its runs are scripted, which write real
// journals; those of seed 1 are trained.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { startServer } from '@anneal/api';
import { createLogger, createStudio, type Launcher, LocalLauncher, readConfig } from '@anneal/core';
import { parseTrainingConfig, runFolderAt } from '@anneal/engine';
import { scriptedWorkerProgram, writeScript } from '@anneal/engine/testing';

const [folder = '', port = '0'] = process.argv.slice(2);
const [real, scripted] = [new LocalLauncher(), new LocalLauncher({ program: scriptedWorkerProgram })];
const isReal = (run: string) => parseTrainingConfig(JSON.parse(fs.readFileSync(runFolderAt(run).config, 'utf8'))).run.seed === 1;
const launcher: Launcher = {
  start: (run, options) => {
    if (isReal(run)) return real.start(run, options);
    writeScript(run, { stepMilliseconds: 20 });
    return scripted.start(run, options);
  },
  isAlive: (run) => real.isAlive(run),
};
const config = readConfig({ DATA_DIR: folder, DATABASE_URL: process.env.DATABASE_URL });
const studio = await createStudio(config, { launcher, slots: 4, firstPause: 20, logger: createLogger('fatal') });
await startServer({ studio, port: Number(port), clientFolder: path.join(folder, 'no-client') });
process.send?.('listening');
process.once('disconnect', () => process.exit(0));
