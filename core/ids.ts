import { randomBytes } from 'node:crypto';

/** Without letters that look alike, all of one case: ids are also folder names. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** A new id: 14 characters, 70 random bits. */
export const newId = (): string => Array.from(randomBytes(14), (byte) => alphabet[byte % alphabet.length]).join('');
