import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Unavailable } from '../errors.ts';

/** A new key is made when the newest is so old. Milliseconds. */
const rotation = 30 * 24 * 60 * 60_000;
/** A key is kept for so long after a newer one was made: longer than any token lives. Milliseconds. */
const keptFor = 2 * 60 * 60_000;
/** Between two looks for keys that another server has made. Milliseconds. */
const rereadInterval = 1000;

interface SigningKey {
  /** Goes into the tokens, as `kid`. */
  id: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/**
 * The Ed25519 keys that access tokens are signed with: a file each in DATA_DIR/keys, for the owner's eyes only, made at the first start
 * and every 30 days. Servers that share the folder accept each other's tokens.
 */
export class SigningKeys {
  readonly #folder: string;
  readonly #now: () => number;
  /** The oldest first. */
  #keys: SigningKey[] = [];
  #readAt = -Infinity;

  /** @param now milliseconds since 1970. @throws Unavailable when the folder cannot be used */
  constructor(dataFolder: string, now: () => number = Date.now) {
    this.#folder = path.join(dataFolder, 'keys');
    this.#now = now;
    this.current();
  }

  /** The key to sign with, a new one when it is time. @throws Unavailable */
  current(): SigningKey {
    const isFresh = (key: SigningKey | undefined): key is SigningKey => key !== undefined && this.#now() - key.createdAt < rotation;
    const known = this.#keys.at(-1);
    if (isFresh(known)) return known;
    this.#read();
    const newest = this.#keys.at(-1);
    if (isFresh(newest)) return newest;
    const made = this.#create();
    this.#keys.push(made);
    return made;
  }

  /** The public half of the key with this id; undefined when there is none (any more). */
  find(id: string): KeyObject | undefined {
    const known = () => this.#keys.find((key) => key.id === id)?.publicKey;
    if (!known() && Math.abs(this.#now() - this.#readAt) >= rereadInterval) this.#read();
    return known();
  }

  /** Reads the folder, and removes the keys that no token can be signed with any more. */
  #read(): void {
    this.#readAt = this.#now();
    this.#keys = this.#trying(() => {
      fs.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const found = fs
        .readdirSync(this.#folder)
        .flatMap((file) => parseName(file) ?? [])
        .sort((a, b) => a.createdAt - b.createdAt);
      const isOver = (index: number) => this.#now() - (found[index + 1]?.createdAt ?? Infinity) > keptFor;
      for (const [index, { id }] of found.entries()) if (isOver(index)) fs.rmSync(this.#file(id), { force: true });
      return found.filter((_key, index) => !isOver(index)).map(({ id, createdAt }) => this.#load(id, createdAt));
    });
  }

  #load(id: string, createdAt: number): SigningKey {
    const privateKey = createPrivateKey(fs.readFileSync(this.#file(id)));
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`${this.#file(id)} is no Ed25519 key`);
    return { id, createdAt, privateKey, publicKey: createPublicKey(privateKey) };
  }

  /** Written aside and renamed: a key file is there whole or not at all. */
  #create(): SigningKey {
    return this.#trying(() => {
      const createdAt = this.#now();
      const id = `${createdAt}-${randomBytes(6).toString('hex')}`;
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const aside = `${this.#file(id)}.${process.pid}`;
      fs.writeFileSync(aside, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true });
      fs.renameSync(aside, this.#file(id));
      return { id, createdAt, privateKey, publicKey };
    });
  }

  #trying<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Unavailable(
        `The keys that log-ins are signed with, in ${this.#folder}, cannot be used: ${reason}. Remove the file token-….pem that is broken; everybody then renews their log-in.`,
        { cause: error },
      );
    }
  }

  #file(id: string): string {
    return path.join(this.#folder, `token-${id}.pem`);
  }
}

function parseName(file: string): { id: string; createdAt: number } | undefined {
  const match = /^token-((\d{13,15})-[0-9a-f]{12})\.pem$/.exec(file);
  return match?.[1] ? { id: match[1], createdAt: Number(match[2]) } : undefined;
}
