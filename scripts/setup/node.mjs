/** The oldest Node that everything here runs on; the same as `engines.node` in package.json. */
export const oldestNode = [20, 19];

/**
 * Says what to do when this Node is too old.
 * @param {string} version such as `20.20.2`
 * @returns {string | undefined} a message, or nothing when the version will do
 */
export function nodeProblem(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `Anneal needs Node ${oldestNode.join('.')} or newer; this is Node ${version} (${process.execPath}). Get a newer one from https://nodejs.org and start again.`;
}
