import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isUnreachable, Leader, Messages, openDatabase, type PrismaClient } from '../index.ts';
import { rowsOf } from '../testing/client.ts';
import { PostgresqlServer } from '../testing/index.ts';

let server: PostgresqlServer;
let url: string;
let prisma: PrismaClient;
beforeAll(async () => {
  server = await PostgresqlServer.start();
});
afterAll(() => server.close());
const open: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  url = await server.createDatabase();
  prisma = await openDatabase(url, { seconds: 20 });
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  await prisma.$disconnect();
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function restart(): Promise<void> {
  await server.kill();
  await server.open();
}

const ids = async () => (await prisma.project.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id);
const log = () => undefined;

describe('when the server is killed', () => {
  it('it is waited for at the start', async () => {
    await server.kill();
    const waits: string[] = [];
    const opening = openDatabase(url, { onWait: (message) => waits.push(message) });
    await until(() => waits.length >= 2);
    await server.open();
    await (await opening).$disconnect();
    expect(waits[0]).toMatch(/cannot be reached \(.*ECONNREFUSED.*next try in/);
  });

  it('reads and transactions go on when it is back, and what is done is done once', async () => {
    await prisma.project.create({ data: { id: '0', name: 'before' } });
    const stop = new AbortController();
    let reads = 0;
    let attempts = 0;
    const reading = (async () => {
      while (!stop.signal.aborted) reads += await prisma.project.count({ where: { id: '0' } });
    })();
    const writing = (async () => {
      const acknowledged: string[] = [];
      for (let number = 1; !stop.signal.aborted; number++) {
        await prisma.$transaction(async (transaction) => {
          attempts++;
          await transaction.project.create({ data: { id: `w${number}`, name: String(await transaction.project.count()) } });
        });
        acknowledged.push(`w${number}`);
      }
      return acknowledged;
    })();
    for (let kills = 0; kills < 3; kills++) {
      const before = [reads, attempts] as const;
      await until(() => reads > before[0] + 5 && attempts > before[1] + 5);
      await restart();
    }
    stop.abort();
    await reading;
    const acknowledged = await writing;
    expect(await ids()).toEqual(['0', ...acknowledged].sort());
    const names = (await prisma.project.findMany({ where: { id: { not: '0' } } })).map(({ name }) => Number(name));
    expect(names.sort((a, b) => a - b)).toEqual(acknowledged.map((_, index) => index + 1));
  });

  it('a transaction whose commit was lost is neither repeated nor reported as failed', async () => {
    // The commit is done, and its answer never comes: the trigger kills the connection behind it.
    let attempts = 0;
    await prisma.$transaction(async (transaction) => {
      attempts++;
      await transaction.project.create({ data: { id: 'once', name: 'once' } });
      const [row] = await transaction.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS "pid"`;
      // Ended from outside as soon as it commits, or just before: either way it must be there once.
      void rowsOf(
        url,
        `DO $$ BEGIN
           FOR turn IN 1..2000 LOOP
             PERFORM pg_stat_clear_snapshot();
             IF EXISTS (SELECT FROM "pg_stat_activity" WHERE "pid" = ${row!.pid} AND "query" = 'COMMIT') THEN EXIT; END IF;
             PERFORM pg_sleep(0.001);
           END LOOP;
           PERFORM pg_terminate_backend(${row!.pid});
         END $$`,
      ).catch(log);
      await transaction.$queryRaw`SELECT pg_sleep(0.2)::text`;
    });
    expect(await ids()).toEqual(['once']);
    expect(attempts).toBeLessThanOrEqual(2);
  });

  it('transactions that get in each other’s way take turns', async () => {
    await prisma.project.create({ data: { id: 'p', name: '0' } });
    const increment = () =>
      prisma.$transaction(async (transaction) => {
        const { name } = await transaction.project.findUniqueOrThrow({ where: { id: 'p' } });
        await transaction.project.update({ where: { id: 'p' }, data: { name: String(Number(name) + 1) } });
      });
    await Promise.all(Array.from({ length: 20 }, increment));
    expect(await prisma.project.findUnique({ where: { id: 'p' } })).toMatchObject({ name: '20' });
  });

  it('keeps no connection of a transaction that was cut', async () => {
    const tight = await openDatabase(`${url}?connection_limit=2`);
    for (let turn = 0; turn < 5; turn++) {
      let attempts = 0;
      await tight.$transaction(async (transaction) => {
        await transaction.project.create({ data: { id: `cut${turn}`, name: 'x' } });
        if (attempts++ > 0) return;
        const [row] = await transaction.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS "pid"`;
        await rowsOf(url, `SELECT pg_terminate_backend(${row!.pid})`);
        await transaction.project.count();
      });
    }
    expect(await tight.project.count()).toBe(5);
    await tight.$disconnect();
  });

  it('an answer that never comes is a clear error', async () => {
    const impatient = await openDatabase(url, { seconds: 1 });
    await server.kill();
    const error: unknown = await impatient.project.count().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await server.open();
    await impatient.$disconnect();
    expect(isUnreachable(error)).toBe(true);
    expect(error).toMatchObject({ message: expect.stringContaining('cannot be reached at the moment') });
  });
});

describe('several servers', () => {
  it('hear each other, again after the database was restarted', async () => {
    const heard: string[][] = [[], []];
    const gaps = [0, 0];
    const [first, second] = heard.map(
      (messages, index) => new Messages(url, { onMessage: (text) => messages.push(text), onGap: () => (gaps[index]! += 1), log }),
    );
    open.push(first!, second!);
    await until(() => gaps.every((count) => count === 1));
    expect(await first!.send('run:a access:b')).toBe(true);
    await until(() => heard[1]!.length > 0);
    await server.kill();
    await until(async () => !(await first!.send('lost')));
    await server.open();
    await until(() => gaps.every((count) => count === 2));
    expect(await second!.send('run:c')).toBe(true);
    await until(() => heard[0]!.length > 0);
    expect(heard).toEqual([['run:c'], ['run:a access:b']]);
  });

  it('have one leader at a time, and another one when it is gone', async () => {
    const turns: string[] = [];
    const candidate = (name: string) =>
      new Leader(url, { onGain: () => turns.push(`${name} gains`), onLoss: () => turns.push(`${name} loses`), log });
    const first = candidate('a');
    await until(() => turns.length === 1);
    const second = candidate('b');
    open.push(second);
    await first.close();
    await until(() => turns.length === 2);
    expect(turns).toEqual(['a gains', 'b gains']);
    await restart();
    await until(() => turns.length === 4);
    expect(turns.slice(2)).toEqual(['b loses', 'b gains']);
  });
});
