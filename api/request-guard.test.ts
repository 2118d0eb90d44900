import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createGuard, type GuardOptions } from './request-guard.ts';

function requestWith(headers: { host?: string; origin?: string }): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  return request;
}

const answers = (options: Partial<GuardOptions>, headers: { host?: string; origin?: string }) =>
  createGuard({ host: '127.0.0.1', allowedHosts: [], allowedOrigins: [], ...options })(requestWith(headers));

describe('the host check', () => {
  it.each(['localhost:4000', '127.0.0.1:4000', '[::1]:4000', 'localhost'])('answers to %s', (host) => {
    expect(answers({}, { host })).toBeUndefined();
  });

  it.each(['evil.example:4000', '127.0.0.1.evil.example', '192.168.1.5:4000', '', 'a b'])('refuses "%s" on loopback', (host) => {
    expect(answers({}, { host })).toMatchObject({ status: 403, message: expect.stringContaining('ALLOWED_HOSTS') });
  });

  it('answers to any name on a public address, and only to listed ones when there is a list', () => {
    expect(answers({ host: '0.0.0.0' }, { host: 'lab.example:4000' })).toBeUndefined();
    expect(answers({ host: '0.0.0.0', allowedHosts: ['lab.example'] }, { host: 'lab.example:4000' })).toBeUndefined();
    expect(answers({ host: '0.0.0.0', allowedHosts: ['lab.example'] }, { host: 'other.example' })).toMatchObject({ status: 403 });
  });
});

describe('the origin check', () => {
  const host = 'localhost:4000';

  it('lets programs and its own pages in', () => {
    expect(answers({}, { host })).toBeUndefined();
    expect(answers({}, { host, origin: 'http://localhost:4000' })).toBeUndefined();
  });

  it.each(['https://evil.example', 'http://localhost:5173', 'null'])('refuses pages of %s', (origin) => {
    expect(answers({}, { host, origin })).toMatchObject({ status: 403, message: expect.stringContaining('ALLOWED_ORIGINS') });
  });

  it('lets listed origins in', () => {
    expect(answers({ allowedOrigins: ['https://lab.example'] }, { host, origin: 'https://lab.example' })).toBeUndefined();
  });
});
