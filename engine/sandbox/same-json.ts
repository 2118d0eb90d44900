/** Rounding that two orders of the same additions may differ by, relative. */
const tolerance = 1e-9;

/** Whether two JSON values are the same. Order counts in lists and not in objects; numbers may differ in their last digits. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (typeof left === 'number' && typeof right === 'number') {
    return left === right || Math.abs(left - right) <= tolerance * Math.max(Math.abs(left), Math.abs(right));
  }
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return left === right;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const entries = Object.entries(left);
  const others = new Map<string, unknown>(Object.entries(right));
  return entries.length === others.size && entries.every(([key, value]) => others.has(key) && sameJson(value, others.get(key)));
}
