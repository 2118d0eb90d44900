import { setTimeout } from 'node:timers/promises';
import type { Follower } from '@anneal/core';
import { describe, expect, it } from 'vitest';
import { Content } from './content.ts';
import type { Reader } from './reader.ts';
import { SharedOperation } from './shared-operation.ts';

/** Numbers from 1 on as a stream: its position is the last number, and a page holds some of them. */
class Numbers implements Follower<number[]> {
  last = 0;
  isComplete = false;
  readonly pageSize: number;
  readonly #waiting = new Set<() => void>();
  hasLeft = false;
  reads = 0;

  constructor(pageSize = 10) {
    this.pageSize = pageSize;
  }

  grow(count: number): void {
    this.last += count;
    this.#ring();
  }

  complete(): void {
    this.isComplete = true;
    this.#ring();
  }

  #ring(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async end(): Promise<number> {
    return this.last;
  }

  async next(position: number, signal?: AbortSignal) {
    while (!signal?.aborted) {
      if (this.last > position || this.isComplete) return this.#page(position, Math.min(this.last, position + this.pageSize));
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return undefined;
  }

  async read(position: number, until: number) {
    this.reads++;
    await setTimeout(Math.random() * 4);
    return this.#page(position, Math.min(until, position + this.pageSize));
  }

  leave(): void {
    this.hasLeft = true;
  }

  #page(from: number, to: number) {
    const event = Array.from({ length: to - from }, (_, index) => from + index + 1);
    const parts = to > from ? [{ from, to, event }] : [];
    return { parts, from, to, isPartial: to < this.last, isLast: this.isComplete && to === this.last };
  }
}

function open(numbers = new Numbers()) {
  const counts = { performed: 0, ended: 0 };
  const operation = new SharedOperation({
    follower: numbers,
    perform: async (event) => {
      counts.performed++;
      await setTimeout(0);
      return new Content({ data: { numbers: event } }, undefined);
    },
    onEnd: () => counts.ended++,
  });
  return { numbers, operation, counts };
}

function numbersIn(result: unknown): number[] {
  const written: { data: { numbers: number[] } } = JSON.parse(JSON.stringify(result));
  return written.data.numbers;
}

/** Reads to the end, at its own pace. @param pause milliseconds at most between two messages */
async function collect(reader: Reader, pause = 0): Promise<number[]> {
  const all: number[] = [];
  for await (const result of reader) {
    all.push(...numbersIn(result));
    if (pause > 0 && Math.random() < 0.2) await setTimeout(Math.random() * pause);
  }
  return all;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a shared operation', () => {
  it('gives each reader everything behind its position once, at whatever pace it reads and whenever it comes', async () => {
    const { numbers, operation, counts } = open();
    const read: Promise<void>[] = [];
    const come = (position: number, pause: number) =>
      read.push(collect(operation.join(position), pause).then((all) => expect(all).toEqual(range(position + 1, 2000))));
    come(0, 0);
    while (numbers.last < 2000) {
      numbers.grow(Math.min(1 + Math.floor(Math.random() * 8), 2000 - numbers.last));
      if (Math.random() < 0.1) come(Math.floor(Math.random() * numbers.last), Math.random() * 30);
      await setTimeout(0);
    }
    numbers.complete();
    expect(read.length).toBeGreaterThan(10);
    await Promise.all(read);
    expect(numbers.hasLeft).toBe(true);
    expect(counts.ended).toBeGreaterThan(0);
  });

  it('executes once for all who are at the live end', async () => {
    const { numbers, operation, counts } = open(new Numbers(1));
    const readers = Array.from({ length: 500 }, () => operation.join(0));
    const all = readers.map((reader) => collect(reader));
    await setTimeout(5);
    for (let number = 1; number <= 50; number++) {
      numbers.grow(1);
      await setTimeout(1);
    }
    numbers.complete();
    for (const one of await Promise.all(all)) expect(one).toEqual(range(1, 50));
    expect(counts.performed).toBe(50);
    expect(numbers.reads).toBe(0);
  });

  it('reads together for those who come together', async () => {
    const numbers = new Numbers(1000);
    numbers.grow(900);
    const { operation, counts } = open(numbers);
    const all = Array.from({ length: 100 }, () => collect(operation.join(0)));
    await setTimeout(20);
    numbers.complete();
    for (const one of await Promise.all(all)) expect(one).toEqual(range(1, 900));
    expect(numbers.reads).toBe(1);
    expect(counts.performed).toBe(1);
  });

  it('keeps nothing for a reader that stands still, and gives it all when it goes on', async () => {
    const { numbers, operation } = open();
    let go: (() => void) | undefined;
    const taken: number[] = [];
    const stalled = operation.join(0, (content, ready) => {
      taken.push(...numbersIn(content.result));
      if (taken.length > 5) go = ready;
      else ready();
    });
    const ended = collect(stalled);
    const steady = collect(operation.join(0));
    while (numbers.last < 5000) {
      numbers.grow(5);
      await setTimeout(0);
    }
    const held = taken.length;
    expect(held).toBeLessThan(30);
    expect(stalled.own).toEqual([]);
    numbers.complete();
    expect(await steady).toEqual(range(1, 5000));
    const resume = setInterval(() => go?.(), 0);
    expect(await ended).toEqual([]);
    clearInterval(resume);
    expect(taken).toEqual(range(1, 5000));
  });

  it('begins at the live end without a position', async () => {
    const numbers = new Numbers();
    numbers.grow(7);
    const { operation } = open(numbers);
    const all = collect(operation.join(undefined));
    await setTimeout(5);
    numbers.grow(3);
    numbers.complete();
    expect(await all).toEqual([8, 9, 10]);
  });

  it('tells every reader when its source fails, and cannot be joined then', async () => {
    const numbers = new Numbers();
    numbers.next = () => Promise.reject(new Error('the database is gone'));
    const { operation, counts } = open(numbers);
    const readers = [operation.join(0), operation.join(undefined)];
    for (const reader of readers) await expect(collect(reader)).rejects.toThrow('the database is gone');
    expect(numbers.hasLeft).toBe(true);
    expect(counts.ended).toBeGreaterThan(0);
  });

  it('lets go of its source when the last reader leaves in the middle', async () => {
    const { numbers, operation, counts } = open();
    const [first, second] = [operation.join(0), operation.join(0)];
    const pending = [first.next(), second.next()];
    await first.return();
    expect(numbers.hasLeft).toBe(false);
    await second.return();
    expect(await Promise.all(pending)).toEqual([1, 2].map(() => ({ done: true, value: undefined })));
    expect(numbers.hasLeft).toBe(true);
    expect(counts.ended).toBe(1);
  });
});
