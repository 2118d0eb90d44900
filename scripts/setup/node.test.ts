import fs from 'node:fs';
import { expect, it } from 'vitest';
import { nodeProblem, oldestNode } from './node.mjs';

it('accepts Node 20.19 and newer', () => {
  expect(['20.19.0', '20.20.2', '22.0.0', '24.1.0'].map(nodeProblem)).toEqual([undefined, undefined, undefined, undefined]);
});

it('says what to do about an older one', () => {
  for (const version of ['18.20.0', '20.9.0', '20.18.3']) {
    expect(nodeProblem(version)).toMatch(`Anneal needs Node 20.19 or newer; this is Node ${version}`);
  }
});

it('agrees with package.json', () => {
  const text = fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  expect(text).toContain(`"node": ">=${oldestNode.join('.')}"`);
});
