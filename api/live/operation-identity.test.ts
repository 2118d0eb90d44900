import type { Viewer } from '@anneal/core';
import { schema } from '@anneal/schema';
import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { operationIdentity } from './operation-identity.ts';

const viewer = (userId: string, ...scopes: Viewer['scopes'] extends ReadonlySet<infer Scope> ? Scope[] : never): Viewer => ({
  userId,
  name: userId,
  isAdministrator: false,
  credential: { kind: 'session', sessionId: `session of ${userId}` },
  scopes: new Set(scopes),
  roles: new Map([['project', 'VIEWER']]),
  address: '127.0.0.1',
});

const [ann, ben] = [viewer('ann', 'read', 'write'), viewer('ben', 'read', 'write')];

const identity = (query: string, variableValues: Record<string, unknown> = {}, who: Viewer | null = ann) =>
  operationIdentity({ schema, document: parse(query), variableValues }, who);

const points = 'subscription ($id: ID!, $after: String) { trainingMetrics(runId: $id, after: $after) { cursor points { step value } } }';
const states = 'subscription { runEvents(runId: "x") { event { ... on RunStateChanged { state run { name } } } } }';

describe('the identity of an operation', () => {
  it('is the same wherever readers begin, and however they write it', () => {
    const written = 'subscription Other($run: ID!) {\n  trainingMetrics(runId: $run) { cursor, points { step value } }\n}';
    expect(identity(points, { id: 'a', after: 'b' })).toBe(identity(points, { id: 'a' }));
    expect(identity(written, { run: 'a' })).toBe(identity(points, { id: 'a' }));
  });

  it('differs with what is selected', () => {
    const aliased = points.replace('trainingMetrics', 'live: trainingMetrics');
    const less = points.replace('step value', 'step');
    expect(new Set([points, aliased, less].map((query) => identity(query, { id: 'a' }))).size).toBe(3);
  });

  it('differs with variables that are used inside, defaults filled in', () => {
    const query =
      'subscription ($keys: [String!], $full: Boolean = true) { runs { name @include(if: $full) summary(keys: $keys) { last } } }';
    expect(identity(query, { keys: ['loss'] })).not.toBe(identity(query, { keys: ['learningRate'] }));
    expect(identity(query, { full: false })).not.toBe(identity(query));
    expect(identity(query, { full: true })).toBe(identity(query));
  });

  it('is the same for everybody where nothing depends on who asks, and only then', () => {
    expect(identity(points, { id: 'a' }, ann)).toBe(identity(points, { id: 'a' }, ben));
    expect(identity(states, {}, ann)).not.toBe(identity(states, {}, ben));
    expect(identity(states, {}, ann)).not.toBe(identity(states, {}, viewer('ann', 'read')));
    expect(identity(states, {}, ann)).not.toBe(identity(states, {}, null));
    expect(identity(states, {}, ann)).toBe(identity(states, {}, viewer('ann', 'write', 'read')));
  });

  it('sees through fragments', () => {
    const hidden =
      'subscription { ...F } fragment F on Subscription { runEvents(runId: "x", after: "y") { event { ...State } } } fragment State on RunStateChanged { run { name } }';
    expect(identity(hidden, {}, ann)).not.toBe(identity(hidden, {}, ben));
    expect(identity(hidden.replace('after: "y"', 'after: "z"'))).toBe(identity(hidden));
  });

  it('takes the named one of several operations', () => {
    const both = 'subscription A { runs { name } } subscription B { runs { state } }';
    const of = (operationName: string) => operationIdentity({ schema, document: parse(both), operationName, variableValues: {} }, ann);
    expect(of('A')).toBe(identity('subscription { runs { name } }'));
    expect(of('B')).toBe(identity('subscription { runs { state } }'));
  });
});
