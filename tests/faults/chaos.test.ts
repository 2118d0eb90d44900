import { execFile } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { nodeArguments } from '@anneal/engine';
import { hasPostgresql } from '@anneal/prisma/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const script = path.join(import.meta.dirname, '../../scripts/chaos.ts');
const resultSchema = z.object({
  kills: z.object({ api: z.int(), worker: z.int(), postgresql: z.int() }),
  runs: z.int(),
  points: z.int(),
  followers: z.int(),
  acknowledged: z.int(),
  problems: z.array(z.string()),
});

async function chaos(...options: string[]) {
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeArguments, script, '--json', '--seconds', '90', ...options]).catch(
    // It ends with 1 when it found problems, which its output tells.
    (error: unknown) => z.object({ stdout: z.string() }).parse(error),
  );
  return resultSchema.parse(JSON.parse(stdout));
}

describe('a studio whose parts are killed at random moments', () => {
  it.skipIf(!hasPostgresql())('loses nothing and doubles nothing, on PostgreSQL with two servers', async () => {
    const { problems, kills, runs, points, followers, acknowledged } = await chaos('--kills', '6', '--database', 'postgresql');
    expect(problems).toEqual([]);
    expect(kills.api + kills.worker + kills.postgresql).toBe(6);
    expect(Math.min(runs, followers)).toBeGreaterThanOrEqual(2);
    expect(points).toBeGreaterThan(1000);
    expect(acknowledged).toBeGreaterThan(0);
  });
});
