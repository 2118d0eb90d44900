import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { nodeArguments } from '@anneal/engine';
import { tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import { emptyDatabase, testDatabase } from '@anneal/prisma/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import { createLogger } from '../logger.ts';
import { createStudio, type Studio } from '../studio.ts';
import { cleanUp, owner, scriptedLauncher, temporaryFolder, untilState, untilStep } from '../testing/studio.ts';
import { readManifest } from './manifest.ts';
import { restore } from './restore.ts';

let folder: string;
let data: string;
let backup: string;
const open: Studio[] = [];
beforeEach(() => {
  folder = temporaryFolder();
  data = path.join(folder, 'data');
  backup = path.join(folder, 'backup');
});
afterEach(async () => {
  for (const studio of open.splice(0)) await studio.close();
  for (const name of ['data', 'restored']) cleanUp(path.join(folder, name));
  fs.rmSync(folder, { recursive: true, force: true });
});

async function studioIn(dataFolder: string, databaseUrl: Promise<string>): Promise<Studio> {
  const config = readConfig({ DATA_DIR: dataFolder, DATABASE_URL: await databaseUrl, PORT: '0' });
  const studio = await createStudio(config, { logger: createLogger('silent'), launcher: scriptedLauncher({ stepMilliseconds: 5 }) });
  open.push(studio);
  return studio;
}

/** A studio whose run trains on and on. */
async function trainingStudio(steps: number): Promise<{ studio: Studio; runId: string }> {
  const places = await writeTinyModel(path.join(folder, 'tiny'));
  const studio = await studioIn(data, testDatabase(data));
  const { id } = await studio.runs.start(owner, { config: tinyConfig(places, steps) });
  await untilStep(studio, id, 10);
  return { studio, runId: id };
}

/** In a process of its own, as the command does it. */
async function backUpElsewhere({ config }: Studio): Promise<void> {
  const root = path.join(import.meta.dirname, '../..');
  const env = { ...process.env, DATA_DIR: config.dataFolder, DATABASE_URL: config.databaseUrl };
  await promisify(execFile)(process.execPath, [...nodeArguments, 'scripts/backup.ts', backup], { cwd: root, env });
}

describe('a backup', () => {
  it('made while a run trains is a studio in which the run goes on, with every step once', async () => {
    const steps = 1200;
    const { studio, runId } = await trainingStudio(steps);
    await backUpElsewhere(studio);
    const { files } = await readManifest(backup);
    expect(files.map(({ path: name }) => name)).toContain(`files/runs/${runId}/journal.ndjson`);
    expect(fs.statSync(backup).mode & 0o077).toBe(0);

    const target = path.join(folder, 'restored');
    const databaseUrl = emptyDatabase(target);
    await restore({ dataFolder: target, databaseUrl: await databaseUrl }, backup);
    const restored = await studioIn(target, databaseUrl);
    const run = await untilState(restored, runId, 'COMPLETED');
    expect(run.attempts).toBe(2);
    const points = await restored.prisma.metricPoint.findMany({ where: { runId, key: 'loss' }, orderBy: { step: 'asc' } });
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, index) => index + 1));
    // The first one was not disturbed.
    expect(await untilState(studio, runId, 'COMPLETED', 'FAILED')).toMatchObject({ state: 'COMPLETED', attempts: 1 });
  });

  it('keeps what prompts are found by', async () => {
    const studio = await studioIn(data, testDatabase(data));
    const made = { projectId: defaultProjectId, name: 'review', template: 'Which giraffe is the tallest?' };
    const { id: promptId } = await studio.prompts.create(owner, made);
    await backUpElsewhere(studio);

    const target = path.join(folder, 'restored');
    const databaseUrl = emptyDatabase(target);
    await restore({ dataFolder: target, databaseUrl: await databaseUrl }, backup);
    const restored = await studioIn(target, databaseUrl);
    const found = async (text: string) =>
      (await restored.promptSearch.search(owner, { projectId: defaultProjectId, text, by: 'TEXT', first: 10 })).totalCount;
    expect(await found('giraffe')).toBe(1);
    // It goes on as well.
    await restored.promptVersions.create(owner, { promptId, template: 'Which elephant?' });
    expect([await found('giraffe'), await found('elephant')]).toEqual([0, 1]);
    await restored.prompts.delete(owner, promptId);
    expect(await found('elephant')).toBe(0);
  });

  it('is refused where something is in the way, and leaves that as it is', async () => {
    const { studio } = await trainingStudio(20);
    fs.mkdirSync(backup);
    await expect(backUpElsewhere(studio)).rejects.toThrow('already. Name a new folder');
    fs.rmdirSync(backup);
    await backUpElsewhere(studio);
    await expect(restore(studio.config, backup)).rejects.toThrow('There is something in');
    const other = { dataFolder: path.join(folder, 'restored'), databaseUrl: 'file:/nowhere/x.db' };
    const isShared = studio.config.databaseUrl.startsWith('postgres');
    if (isShared) await expect(restore(other, backup)).rejects.toThrow('of a PostgreSQL database');
    else await expect(restore({ ...other, databaseUrl: 'postgresql://a@127.0.0.1:1/b' }, backup)).rejects.toThrow('of a SQLite database');
    expect(fs.existsSync(other.dataFolder)).toBe(false);
  });

  it('that is damaged is not restored, and the files are named', async () => {
    const { studio, runId } = await trainingStudio(20);
    await untilState(studio, runId, 'COMPLETED');
    await backUpElsewhere(studio);
    const journal = `files/runs/${runId}/journal.ndjson`;
    fs.appendFileSync(path.join(backup, journal), 'x');
    fs.rmSync(path.join(backup, `files/runs/${runId}/config.json`));
    const target = path.join(folder, 'restored');
    const settings = { dataFolder: target, databaseUrl: await emptyDatabase(target) };
    await expect(restore(settings, backup)).rejects.toThrow(`${journal} is not what was backed up`);
    await expect(restore(settings, backup)).rejects.toThrow('config.json is missing');
    expect(fs.existsSync(target)).toBe(false);
    fs.rmSync(path.join(backup, 'manifest.json'));
    await expect(restore(settings, backup)).rejects.toThrow('is no backup, or one that was not finished');
  });
});
