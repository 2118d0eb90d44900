import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** The holder touches its lock this often; a lock untouched for `staleAfter` belongs to a process that is gone. Milliseconds. */
const touchEvery = 2_000;
const staleAfter = 30_000;

/**
 * Runs `task` while no other process on this folder runs one under the same lock. A lock that a dead process left is taken over.
 * @template T
 * @param {string} file where the lock lies; its folder is made
 * @param {() => Promise<T>} task
 * @param {{ onWait?: () => void, pollEvery?: number }} [options] `onWait` is called once when another process holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(file, task, { onWait, pollEvery = 250 } = {}) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, host: os.hostname(), id: randomUUID() });
  let waited = false;
  while (!take(file, mine)) {
    if (removeStale(file)) continue;
    if (!waited) onWait?.();
    waited = true;
    await sleep(pollEvery);
  }
  const release = () => {
    if (read(file) === mine) fs.rmSync(file, { force: true });
  };
  const touch = setInterval(() => {
    const now = new Date();
    fs.utimes(file, now, now, () => {});
  }, touchEvery);
  touch.unref();
  process.once('exit', release);
  try {
    return await task();
  } finally {
    clearInterval(touch);
    process.off('exit', release);
    release();
  }
}

/**
 * Takes the lock if it is free. The owner is written aside and linked into place, so that nobody ever reads half a lock.
 * @param {string} file
 * @param {string} owner
 */
function take(file, owner) {
  const aside = `${file}.${randomUUID()}`;
  fs.writeFileSync(aside, owner);
  try {
    fs.linkSync(aside, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

/**
 * @param {string} file
 * @returns {boolean} whether the lock is worth another try at once
 */
function removeStale(file) {
  const owner = read(file);
  if (owner === undefined) return true;
  if (!isStale(file, owner)) return false;
  const aside = `${file}.${randomUUID()}`;
  try {
    fs.renameSync(file, aside);
    // Somebody else was quicker and holds a fresh lock: give it back.
    if (read(aside) !== owner) fs.linkSync(aside, file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
  return true;
}

/**
 * @param {string} file
 * @param {string} owner
 */
function isStale(file, owner) {
  try {
    if (Date.now() - fs.statSync(file).mtimeMs > staleAfter) return true;
    const { pid, host } = JSON.parse(owner);
    return host === os.hostname() && !isAlive(pid);
  } catch {
    return false;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
