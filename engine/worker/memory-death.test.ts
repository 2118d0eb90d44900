import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTrainingConfig } from '../config.ts';
import type { TrainingEvent } from '../training/events.ts';
import { Journal } from './journal.ts';
import { parseJournalLine } from './journal-format.ts';
import { findMemoryDeath } from './memory-death.ts';
import { countMemoryKills } from './memory-kills.mjs';
import { createRunFolder, runFolderAt } from './run-folder.ts';
import { work } from './work.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-memory-death-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

const paths = () => runFolderAt(folder);

/** What a worker left behind that did not get to say farewell. */
function leaveBeat(beat: { kills: number; step: number; deaths: number; logBytes?: number }): void {
  fs.writeFileSync(paths().heartbeat, JSON.stringify({ logBytes: 0, ...beat, resident: 3 * 2 ** 30 }).padEnd(256));
}

async function leaveSteps(count: number): Promise<void> {
  const journal = Journal.open(paths().journal);
  for (let step = 1; step <= count; step++) journal.append({ type: 'metrics', step, epoch: 0, tokens: step, values: { loss: 1 } });
  await journal.close();
}

describe('how the worker before ended', () => {
  const find = (kills: number | null) => findMemoryDeath(paths(), kills);

  it('is not for want of memory where there was none, or it left in good order', async () => {
    expect(await find(5)).toEqual({ step: 0, logBytes: 0, deaths: 0, by: null, resident: 0 });
    fs.writeFileSync(paths().heartbeat, '');
    expect((await find(5)).deaths).toBe(0);
  });

  it('is for want of memory when the system has ended a process for that reason since its last beat', async () => {
    leaveBeat({ kills: 4, step: 0, deaths: 0 });
    expect(await find(5)).toEqual({ step: 0, logBytes: 0, deaths: 1, by: 'the system', resident: 3 * 2 ** 30 });
    expect((await find(4)).deaths).toBe(0);
    // A system that does not count them.
    expect((await find(null)).deaths).toBe(0);
  });

  it('counts only those between which no step was made', async () => {
    await leaveSteps(3);
    leaveBeat({ kills: 4, step: 3, deaths: 1 });
    expect(await find(5)).toMatchObject({ step: 3, deaths: 2 });
    leaveBeat({ kills: 4, step: 2, deaths: 1 });
    expect(await find(5)).toMatchObject({ step: 3, deaths: 1 });
  });

  it("is for want of memory when Node's own was full", async () => {
    const log = fs.openSync(paths().log, 'w');
    fs.writeSync(log, 'FATAL ERROR: of an attempt long ago: out of memory\n');
    const before = fs.fstatSync(log).size;
    const greedy = 'const all = []; for (;;) all.push({ more: [all.length] });';
    expect(spawnSync(process.execPath, ['--max-old-space-size=20', '-e', greedy], { stdio: ['ignore', log, log] }).status).not.toBe(0);
    fs.closeSync(log);
    leaveBeat({ kills: 4, step: 0, deaths: 0, logBytes: before });
    expect(await find(4)).toMatchObject({ deaths: 1, by: 'Node' });
    leaveBeat({ kills: 4, step: 0, deaths: 0, logBytes: fs.statSync(paths().log).size });
    expect((await find(4)).deaths).toBe(0);
  });

  it('is counted by the control group, or by the machine where that does not count', () => {
    const system = (files: Record<string, string>): string => {
      const root = fs.mkdtempSync(path.join(folder, 'root-'));
      for (const [name, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
        fs.writeFileSync(path.join(root, name), content);
      }
      return root;
    };
    const vmstat = { 'proc/vmstat': 'nr_free_pages 1\noom_kill 7\nnuma_hit 0\n' };
    const version1 = { ...vmstat, 'sys/fs/cgroup/memory/box/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n' };
    const version2 = { ...vmstat, 'sys/fs/cgroup/box/memory.events': 'low 0\noom 1\noom_kill 3\noom_group_kill 0\n' };
    expect(countMemoryKills(system({ ...version1, 'proc/self/cgroup': '4:memory:/box\n0::/\n' }))).toBe(2);
    expect(countMemoryKills(system({ ...version2, 'proc/self/cgroup': '0::/box\n' }))).toBe(3);
    expect(countMemoryKills(system({ ...vmstat, 'proc/self/cgroup': '4:memory:/\n0::/\n' }))).toBe(7);
    expect(countMemoryKills(system(vmstat))).toBe(7);
    expect(countMemoryKills(system({}))).toBeNull();
    if (process.platform === 'linux') expect(countMemoryKills()).toBeGreaterThanOrEqual(0);
  });
});

describe('a worker whose predecessor was ended for want of memory', () => {
  const lines = () =>
    fs
      .readFileSync(paths().journal, 'utf8')
      .split('\n')
      .flatMap((text) => parseJournalLine(text) ?? []);

  async function* nothingLeftToDo(): AsyncGenerator<TrainingEvent> {
    yield { type: 'completed', step: 3, seconds: 1 };
    await Promise.resolve();
  }

  beforeEach(async () => {
    createRunFolder(folder, parseTrainingConfig({ schedule: { batchSize: 8 } }));
    await leaveSteps(3);
  });

  it('says so, with advice, and goes on', async () => {
    leaveBeat({ kills: -1, step: 0, deaths: 0 });
    expect(await work(folder, nothingLeftToDo, new AbortController().signal)).toBeNull();
    const told = lines().find((line) => line.type === 'log');
    expect(told).toMatchObject({ level: 'warn', step: 3 });
    expect(told?.type === 'log' && told.message).toMatch(
      /ended the training process because memory ran out.* 3\.0 GiB.*schedule\.batchSize/,
    );
    expect(lines().at(-1)?.type).toBe('completed');
    // It left in good order.
    expect(fs.readFileSync(paths().heartbeat, 'utf8')).toBe('');
  });

  it('gives up when it happened twice without a step in between', async () => {
    leaveBeat({ kills: -1, step: 3, deaths: 1 });
    const failed = await work(folder, nothingLeftToDo, new AbortController().signal);
    expect(failed).toMatchObject({ type: 'failed', code: 'OUT_OF_MEMORY', step: 0 });
    expect(failed?.message).toMatch(/second time in a row.*schedule\.batchSize/);
    expect(lines().at(-1)).toMatchObject({ type: 'failed', code: 'OUT_OF_MEMORY' });
  });
});
