import os from 'node:os';

/** The system's own "permission denied", as the handles of Node return it. */
const denied = -os.constants.errno.EACCES;
export const deny = (): number => denied;

/** Replaces properties where they are there; nothing can put them back. */
export function replace(target: object | null | undefined, names: readonly string[], value: unknown): void {
  if (target == null) return;
  for (const name of names) {
    if (name in target) Object.defineProperty(target, name, { value, writable: false, configurable: false, enumerable: true });
  }
}

/** A function, or a class, that throws. */
export function refuse(message: string) {
  return function refused(): never {
    throw Object.assign(new Error(message), { code: 'ERR_ACCESS_DENIED' });
  };
}
