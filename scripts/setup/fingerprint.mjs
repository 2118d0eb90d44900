import fs from 'node:fs';
import path from 'node:path';
import { createHash } from 'node:crypto';

/** Folders that hold what was made, not what it is made from. */
const made = new Set(['node_modules', 'generated', 'build', '.svelte-kit', '.turbo', '.cache']);

/**
 * One hash over the names and contents of files, without git.
 * @param {string} root
 * @param {string[]} inputs files and folders relative to `root`; one that is missing counts as such
 * @param {string[]} [words] anything else that the result depends on
 * @returns {string} hexadecimal SHA-256
 */
export function fingerprint(root, inputs, words = []) {
  const hash = createHash('sha256');
  for (const word of words) hash.update(`word ${word}\n`);
  for (const input of inputs) {
    for (const file of filesIn(root, input)) {
      const content = fs.readFileSync(path.join(root, file));
      hash.update(`file ${file} ${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} entry
 * @returns {string[]} relative paths with forward slashes, in a fixed order
 */
function filesIn(root, entry) {
  const stat = fs.statSync(path.join(root, entry), { throwIfNoEntry: false });
  if (!stat) return [];
  if (stat.isFile()) return [entry];
  return fs
    .readdirSync(path.join(root, entry))
    .filter((name) => !made.has(name))
    .sort()
    .flatMap((name) => filesIn(root, `${entry}/${name}`));
}
