import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseJournalLine } from '@anneal/engine';
import type { PrismaClient } from '@anneal/prisma';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ingest } from '../runs/ingest.ts';
import { databaseWithRun } from '../testing/database.ts';

let folder: string;
let prisma: PrismaClient;
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-journal-values-'));
  prisma = await databaseWithRun(folder, 'run');
});
afterAll(async () => {
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

it('keeps what a worker wrote that is no finite number, and the finite values beside it', async () => {
  const texts = [
    '{"seq":1,"time":1700000000000,"type":"step","step":1,"loss":2.5,"epoch":0.5,"tokens":64,"values":{"stepSeconds":0.1}}',
    '{"seq":2,"time":1700000001000,"type":"step","step":2,"loss":"NaN","gradNorm":"Infinity","epoch":1,"tokens":128,"values":{"margin":"-Infinity"}}',
  ];
  const lines = texts.flatMap((text) => parseJournalLine(text) ?? []);
  expect(lines).toHaveLength(2);
  await ingest(prisma, 'run', lines, 500);
  const points = await prisma.metricPoint.findMany({ where: { runId: 'run' }, orderBy: [{ step: 'asc' }, { key: 'asc' }] });
  expect(points.map(({ key, rank, step, value, nonFinite, sequence }) => [key, rank, step, value ?? nonFinite, sequence])).toEqual([
    ['loss', 0, 1, 2.5, 1],
    ['stepSeconds', 0, 1, 0.1, 1],
    ['gradientNorm', 0, 2, 'POSITIVE_INFINITY', 2],
    ['loss', 0, 2, 'NAN', 2],
    ['margin', 0, 2, 'NEGATIVE_INFINITY', 2],
  ]);
  const run = await prisma.run.findUniqueOrThrow({ where: { id: 'run' } });
  expect(run.summary).toMatchObject({
    loss: { last: null, nonFinite: 'NAN', lastStep: 2, min: 2.5, max: 2.5, count: 2, nonFiniteCount: 1 },
    margin: { last: null, nonFinite: 'NEGATIVE_INFINITY', min: null, max: null, count: 1, nonFiniteCount: 1 },
  });
});
