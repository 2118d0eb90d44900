import { hash, verify } from '@node-rs/argon2';

/** argon2id with the first set of parameters that OWASP recommends: 19 MiB, two passes, one lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Different ways to type the same characters are the same password (RFC 8265). */
const normalized = (password: string): string => password.normalize('NFKC');

/** @returns a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$…` */
export const hashPassword = (password: string): Promise<string> => hash(normalized(password), cost);

/** Hash of random bytes that were thrown away, with the same cost as all the others: what is compared with when there is no account. */
const standIn = '$argon2id$v=19$m=19456,t=2,p=1$RWbWI527hIhHIXQ1znwvHA$dTpypPz32epPSYUqW96uLq0doGz8KLn2Ly4ARAzjFXI';

/**
 * Whether it is the password. Takes as long when there is no account, or one without a password: the time tells nothing.
 * @param passwordHash as stored; null: there is none
 */
export async function isPassword(password: string, passwordHash: string | null): Promise<boolean> {
  const fits = await verify(passwordHash ?? standIn, normalized(password));
  return fits && passwordHash !== null;
}
