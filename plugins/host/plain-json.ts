import type { Json } from '../kit/plugin.ts';

/** Lists and objects inside one another. */
const deepest = 200;

/**
 * Makes what JSON.parse gave plain: a key `__proto__`, which later copying would turn into a prototype, is taken out.
 * @returns whether it may be used: false where it is nested deeper than others can read without running out of stack
 */
export function isPlainJson(value: unknown): value is Json {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return false;
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      if (Array.isArray(item)) {
        for (const child of item) if (typeof child === 'object') next.push(child);
        continue;
      }
      if (Object.hasOwn(item, '__proto__')) Reflect.deleteProperty(item, '__proto__');
      for (const child of Object.values(item)) if (typeof child === 'object') next.push(child);
    }
    level = next;
  }
  return true;
}
