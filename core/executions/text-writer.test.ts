import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { openDatabase, type PrismaClient } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultProjectId, ensureFirstUser } from '../identity/local-user.ts';
import { createLogger } from '../logger.ts';
import { Bus } from '../streams/bus.ts';
import type { ExecutionMessage } from '../streams/execution-channel.ts';
import { StreamService } from '../streams/streams.ts';
import { temporaryFolder } from '../testing/studio.ts';
import { settle, tellEnd } from './settle.ts';
import { TextWriter } from './text-writer.ts';

let folder: string;
let prisma: PrismaClient;
let bus: Bus;
let lost: string[];
let texts: TextWriter;
beforeEach(async () => {
  folder = temporaryFolder();
  prisma = await openDatabase(await testDatabase(folder));
  await ensureFirstUser(prisma);
  bus = new Bus();
  lost = [];
  texts = new TextWriter({ prisma, bus, logger: createLogger('silent'), onLost: (id) => lost.push(id) });
});
afterEach(async () => {
  expect(bus.listeners).toBe(0);
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

async function running(...ids: string[]): Promise<void> {
  const data = ids.map((id) => ({ id, projectId: defaultProjectId, state: 'RUNNING' as const, model: 'x/y', parameters: {} }));
  await prisma.execution.createMany({ data });
}
const rowOf = (id: string) =>
  prisma.execution.findUniqueOrThrow({ where: { id }, select: { output: true, outputLength: true, attempts: true, state: true } });

/** Ends an execution as the one who works on it does. */
async function end(id: string, attempts = 1): Promise<void> {
  const output = texts.textOf(id);
  await settle(prisma, { id, batchId: null }, { state: 'SUCCEEDED', attempts, output, outputLength: output.length });
  texts.end(id);
  tellEnd(bus, { id, batchId: null });
}

describe('texts of executions', () => {
  it('of many are written together, and appended', async () => {
    const ids = Array.from({ length: 600 }, (_, index) => `e${index}`);
    await running(...ids);
    for (const id of ids) texts.begin(id, 1);
    for (const id of ids) texts.append(id, `${id} `);
    await texts.flush();
    for (const id of ids) texts.append(id, 'more');
    await texts.flush();
    const rows = await prisma.execution.findMany({ select: { id: true, output: true, outputLength: true, attempts: true } });
    for (const { id, ...row } of rows) expect(row).toEqual({ output: `${id} more`, outputLength: id.length + 5, attempts: 1 });
    expect(lost).toEqual([]);
  });

  it('never hold half of a character, nor what no database holds', async () => {
    await running('a');
    texts.begin('a', 1);
    texts.append('a', 'so \ud83d');
    await texts.flush();
    expect(await rowOf('a')).toMatchObject({ output: 'so ', outputLength: 3 });
    texts.append('a', '\ude00\0\udc00!\ud83d');
    await texts.flush();
    expect(await rowOf('a')).toMatchObject({ output: 'so 😀\ufffd\ufffd!', outputLength: 8 });
    expect(texts.textOf('a')).toBe('so 😀\ufffd\ufffd!\ufffd');
  });

  it('of a later attempt take the place of the earlier one', async () => {
    await running('a');
    texts.begin('a', 1);
    texts.append('a', 'first try');
    await texts.flush();
    texts.begin('a', 2);
    expect(await rowOf('a')).toMatchObject({ output: 'first try', attempts: 1 });
    texts.append('a', 'second');
    await texts.flush();
    expect(await rowOf('a')).toMatchObject({ output: 'second', outputLength: 6, attempts: 2 });
  });

  it('of an execution that was ended by somebody are not written, and it is told', async () => {
    await running('a', 'b');
    for (const id of ['a', 'b']) {
      texts.begin(id, 1);
      texts.append(id, 'text');
    }
    await prisma.execution.update({ where: { id: 'a' }, data: { state: 'CANCELLED' } });
    await texts.flush();
    expect(new Set(lost)).toEqual(new Set(['a']));
    expect(await rowOf('a')).toMatchObject({ output: null });
    expect(await rowOf('b')).toMatchObject({ output: 'text' });
  });
});

describe('a stream', () => {
  async function collect(stream: AsyncIterable<ExecutionMessage>, most = Infinity): Promise<ExecutionMessage[]> {
    const messages: ExecutionMessage[] = [];
    for await (const message of stream) if (messages.push(message) >= most) break;
    return messages;
  }

  /** What a reader has in the end: text of each attempt is appended, and a new attempt begins anew. */
  function textOf(messages: readonly ExecutionMessage[]): string {
    let [attempt, text] = [0, ''];
    for (const message of messages) {
      expect(message.attempt).toBeGreaterThanOrEqual(attempt);
      if (message.attempt > attempt) [attempt, text] = [message.attempt, ''];
      text += message.text;
    }
    return text;
  }

  it('gives every reader the text of the last attempt without gap or duplicate, whenever it comes and goes on', async () => {
    await running('a');
    const here = new StreamService(prisma, bus, texts);
    const elsewhere = new StreamService(prisma, bus);
    const final = Array.from({ length: 300 }, (_, index) => `w${index}😀 `).join('');
    const reader = async (streams: StreamService) => {
      await setTimeout(Math.random() * 500);
      const all: ExecutionMessage[] = [];
      for (let breaks = 0; breaks < 4; breaks++) {
        all.push(...(await collect(streams.executionStream('a', { after: all.at(-1)?.cursor }), 1 + Math.floor(Math.random() * 4))));
        await setTimeout(Math.random() * 100);
      }
      all.push(...(await collect(streams.executionStream('a', { after: all.at(-1)?.cursor }))));
      expect(textOf(all)).toBe(final);
      expect(all.filter(({ isEnd }) => isEnd)).toHaveLength(1);
    };
    const writing = (async () => {
      for (const attempt of [1, 2, 3]) {
        texts.begin('a', attempt);
        const whole = attempt === 3 ? final : `${attempt} `.repeat(100 + attempt * 60);
        for (let place = 0; place < whole.length;) {
          const size = 1 + Math.floor(Math.random() * 60);
          texts.append('a', whole.slice(place, place + size));
          place += size;
          await setTimeout(Math.random() * 12);
        }
      }
      await end('a', 3);
    })();
    await Promise.all([writing, ...Array.from({ length: 5 }, () => reader(here)), ...Array.from({ length: 5 }, () => reader(elsewhere))]);
  });

  it('gives a long answer in bounded messages, characters whole', async () => {
    await running('a');
    texts.begin('a', 1);
    const long = `x${'😀'.repeat(80_000)}`;
    texts.append('a', long);
    await end('a');
    const messages = await collect(new StreamService(prisma, bus).executionStream('a'));
    expect(Math.max(...messages.map(({ text }) => text.length))).toBeLessThanOrEqual(65_536);
    expect(messages.every(({ text }) => !/\p{Surrogate}/u.test(text))).toBe(true);
    expect(textOf(messages)).toBe(long);
  });

  it('of an execution whose texts were deleted gives the end alone', async () => {
    await running('a');
    texts.begin('a', 1);
    texts.append('a', 'secret');
    await end('a');
    await prisma.execution.update({ where: { id: 'a' }, data: { output: null } });
    expect(await collect(new StreamService(prisma, bus).executionStream('a'))).toMatchObject([{ text: '', isEnd: true, attempt: 1 }]);
  });

  it('of none is refused', async () => {
    await expect(collect(new StreamService(prisma, bus).executionStream('none'))).rejects.toThrow('There is no execution none');
  });
});
