import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Unavailable } from '../errors.ts';

/** Settings of a plugin by name, as its schema takes them. */
export type PluginSettings = Readonly<Record<string, unknown>>;

const algorithm = 'aes-256-gcm';
const [nonceBytes, tagBytes] = [12, 16];
const stored = z.record(z.string(), z.unknown());

/**
 * Encrypts the settings of a plugin (AES-256-GCM, NIST SP 800-38D): nonce, tag, ciphertext. They can be read with the same key only, and
 * for the plugin of the same name only.
 * @param key 32 bytes
 */
export function sealSettings(key: Buffer, plugin: string, settings: PluginSettings): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(plugin));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(settings), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** @throws Unavailable when they were made with another key, or are broken */
export function openSettings(key: Buffer, plugin: string, sealed: Uint8Array): PluginSettings {
  const bytes = Buffer.from(sealed);
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes)).setAAD(Buffer.from(plugin));
    decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
    return stored.parse(JSON.parse(text));
  } catch (error) {
    throw new Unavailable(
      `The settings of the plugin "${plugin}" cannot be read: they were made with another key than DATA_DIR/keys/plugins.key. Restore that file from a backup, or enable the plugin and make the settings anew.`,
      { cause: error },
    );
  }
}
