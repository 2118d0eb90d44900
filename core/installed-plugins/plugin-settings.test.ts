import { pluginManifest } from '@anneal/plugins';
import { describe, expect, it } from 'vitest';
import { asSentence, PluginLog, withoutSecrets } from './plugin-log.ts';
import { effectiveSettings, namesIn, secretNames, textsIn } from './plugin-settings.ts';

const manifest = pluginManifest.parse({
  ...{ name: 'claude', version: '1.0.0', kit: '^1.0.0', kind: 'language-model', description: 'Asks', author: 'Somebody' },
  environment: { PROVIDER_KEY: 'apiKey', PROVIDER_URL: 'baseUrl' },
});
const variables: Record<string, string | undefined> = { PROVIDER_KEY: 'from-the-environment', PROVIDER_URL: '' };
const variable = (name: string) => variables[name];

describe('the settings of a plugin', () => {
  it('come from the environment where nobody has set them, for plugins that come with the studio', () => {
    expect(effectiveSettings(manifest, true, {}, variable)).toEqual({
      values: { apiKey: 'from-the-environment' },
      fromEnvironment: ['apiKey'],
    });
    expect(effectiveSettings(manifest, true, { apiKey: 'set', retries: 2 }, variable)).toEqual({
      values: { apiKey: 'set', retries: 2 },
      fromEnvironment: [],
    });
    expect(effectiveSettings(manifest, false, {}, variable)).toEqual({ values: {}, fromEnvironment: [] });
    expect(effectiveSettings(null, true, {}, variable)).toEqual({ values: {}, fromEnvironment: [] });
  });

  it('hold secrets where their schema says so, however deep', () => {
    const secret = { type: 'string', secret: true };
    const schema = {
      type: 'object',
      properties: {
        apiKey: secret,
        name: { type: 'string' },
        endpoints: { type: 'array', items: { type: 'object', properties: { key: secret } } },
      },
    };
    expect(namesIn(schema)).toEqual(['apiKey', 'name', 'endpoints']);
    expect(secretNames(schema)).toEqual(['apiKey', 'endpoints']);
    expect(secretNames({})).toEqual([]);
    const referring = {
      type: 'object',
      properties: {
        account: { $ref: '#/$defs/account' },
        tree: { $ref: '#/$defs/tree' },
        plain: { $ref: '#/$defs/plain' },
        lost: { $ref: '#/$defs/nothing' },
        prototype: { $ref: '#/__proto__' },
        elsewhere: { $ref: 'other.json' },
      },
      $defs: {
        account: { type: 'object', properties: { key: secret } },
        tree: {
          type: 'object',
          properties: { children: { type: 'array', items: { $ref: '#/$defs/tree' } }, account: { $ref: '#/$defs/account' } },
        },
        plain: { type: 'object', properties: { next: { $ref: '#/$defs/plain' } } },
      },
    };
    expect(secretNames(referring)).toEqual(['account', 'tree', 'lost', 'prototype', 'elsewhere']);
    expect(textsIn({ a: 'one', b: [{ c: 'two' }, 3, null] })).toEqual(['one', 'two']);
  });
});

describe('what a plugin writes', () => {
  it('is shown without secrets, in lines of some length, the newest of them', () => {
    const log = new PluginLog(() => ['sk-123456', 'a']);
    for (let index = 0; index < 300; index++) log.add({ level: 'info', message: `line ${index}` });
    log.add({ level: 'warn', message: 'key sk-123456', fields: { also: 'sk-123456' } });
    log.add({ level: 'info', message: 'x'.repeat(5000) });
    const tail = log.tail(3);
    expect(tail.map(({ message }) => message.slice(0, 40))).toEqual(['line 299', 'key *** {"also":"***"}', 'x'.repeat(40)]);
    expect(tail[2]?.message).toHaveLength(2000);
    expect(log.tail(1000)).toHaveLength(200);
    expect(log.tail(0)).toEqual([]);
    expect(withoutSecrets('a cat', ['a'])).toBe('a cat');
    expect(withoutSecrets('with secret-longer', ['secret', 'secret-longer'])).toBe('with ***');
    const lines = 'first "line"\nsecond';
    expect(withoutSecrets(`${lines} ${JSON.stringify({ lines })}`, [lines])).toBe('*** {"lines":"***"}');
  });

  it('is a sentence where people read it', () => {
    expect(asSentence('the plugin x ended its process\n    at main.ts:1')).toBe('The plugin x ended its process.');
    expect(asSentence('Is it?')).toBe('Is it?');
  });
});
