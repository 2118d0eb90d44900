import fs from 'node:fs';
import path from 'node:path';

/**
 * A stamp says that a step ended well, and for which state of its inputs. It is the last thing that the step writes.
 * @param {string} file
 * @returns {string | undefined}
 */
export function readStamp(file) {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/**
 * @param {string} file
 * @param {string} value
 */
export function writeStamp(file, value) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, `${value}\n`);
  fs.renameSync(`${file}.new`, file);
}

/** @param {string} file */
export function removeStamp(file) {
  fs.rmSync(file, { force: true });
}
