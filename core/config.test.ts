import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { Invalid } from './errors.ts';

function issuesOf(variables: Record<string, string>) {
  try {
    readConfig(variables);
  } catch (error) {
    if (error instanceof Invalid) return error.issues;
    throw error;
  }
  return [];
}

describe('readConfig', () => {
  it('has a default for everything', () => {
    const dataFolder = path.resolve('data');
    expect(readConfig({ PORT: '', UNRELATED: 'x' })).toMatchObject({
      dataFolder,
      databaseUrl: `file:${path.join(dataFolder, 'anneal.db')}`,
      port: 4000,
      host: '127.0.0.1',
      allowedHosts: [],
      allowedOrigins: [],
    });
  });

  it('takes what is given', () => {
    expect(readConfig({ PORT: '0', HOST: '0.0.0.0', DATA_DIR: '/tmp/x' })).toMatchObject({
      port: 0,
      host: '0.0.0.0',
      databaseUrl: 'file:/tmp/x/anneal.db',
    });
    expect(readConfig({ DATABASE_URL: 'file:/tmp/y.db' }).databaseUrl).toBe('file:/tmp/y.db');
    expect(readConfig({ ALLOWED_HOSTS: 'lab.example, b.example', ALLOWED_ORIGINS: 'https://lab.example' })).toMatchObject({
      allowedHosts: ['lab.example', 'b.example'],
      allowedOrigins: ['https://lab.example'],
    });
  });

  it('looks for plugins in the data folder, or elsewhere, and passes keys of providers on by name alone', () => {
    expect(readConfig({ DATA_DIR: '/tmp/x' }).pluginsFolder).toBe('/tmp/x/plugins');
    const config = readConfig({ PLUGINS_DIR: '/srv/plugins', ANTHROPIC_API_KEY: 'sk-1', OPENAI_API_KEY: '' });
    expect(config.pluginsFolder).toBe('/srv/plugins');
    expect([config.pluginVariable('ANTHROPIC_API_KEY'), config.pluginVariable('OPENAI_API_KEY')]).toEqual(['sk-1', undefined]);
    expect(JSON.stringify(config)).not.toContain('sk-1');
  });

  it('names each variable that is wrong', () => {
    expect(issuesOf({ PORT: '70000', HOST: 'a b', DATABASE_URL: 'mysql://x' }).map(({ path }) => path)).toEqual([
      'PORT',
      'HOST',
      'DATABASE_URL',
    ]);
    expect(issuesOf({ PORT: '-1' })).toHaveLength(1);
    expect(issuesOf({ ALLOWED_ORIGINS: 'lab.example' })).toHaveLength(1);
  });

  it('takes PostgreSQL, and does not repeat a URL that is wrong', () => {
    expect(readConfig({ DATABASE_URL: 'postgresql://anneal@localhost/anneal' }).databaseUrl).toBe('postgresql://anneal@localhost/anneal');
    expect(JSON.stringify(issuesOf({ DATABASE_URL: 'postgre://anneal:secret@localhost/anneal' }))).not.toContain('secret');
  });

  it('asks for accounts where other machines can reach it', () => {
    expect(readConfig({})).toMatchObject({ accounts: 'off', registration: 'open' });
    expect(readConfig({ HOST: '::1', ACCOUNTS: 'required' }).accounts).toBe('required');
    expect(readConfig({ HOST: '0.0.0.0', REGISTRATION: 'closed', SETUP_CODE: 'not for all' })).toMatchObject({
      accounts: 'required',
      registration: 'closed',
      setupCode: 'not for all',
    });
    expect(issuesOf({ HOST: '0.0.0.0', ACCOUNTS: 'off' })).toEqual([
      { path: 'ACCOUNTS', message: expect.stringContaining('other machines can reach HOST 0.0.0.0') },
    ]);
    expect(issuesOf({ ACCOUNTS: 'maybe', REGISTRATION: 'x', SETUP_CODE: 'short' })).toHaveLength(3);
  });
});
