import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openSettings, sealSettings } from './sealed-settings.ts';

const key = randomBytes(32);
const settings = { apiKey: 'sk-ö-1', retries: 3, models: ['a'] };

describe('settings at rest', () => {
  it('come back with the same key', () => {
    expect(openSettings(key, 'claude', sealSettings(key, 'claude', settings))).toEqual(settings);
  });

  it('show nothing, and never look the same', () => {
    const [one, other] = [sealSettings(key, 'claude', settings), sealSettings(key, 'claude', settings)];
    expect(one.toString('latin1')).not.toContain('sk-');
    expect(one.equals(other)).toBe(false);
  });

  it('cannot be read with another key, for another plugin, or when a bit is changed', () => {
    const sealed = sealSettings(key, 'claude', settings);
    expect(() => openSettings(randomBytes(32), 'claude', sealed)).toThrow('cannot be read');
    expect(() => openSettings(key, 'other', sealed)).toThrow('The settings of the plugin "other"');
    const changed = Buffer.from(sealed);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(() => openSettings(key, 'claude', changed)).toThrow('cannot be read');
    expect(() => openSettings(key, 'claude', sealed.subarray(0, 5))).toThrow('cannot be read');
  });
});
