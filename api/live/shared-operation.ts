import { setImmediate } from 'node:timers/promises';
import type { Follower } from '@anneal/core';
import type { Content, Sink } from './content.ts';
import { Reader } from './reader.ts';

/** What readers get between two positions; without content: nothing. */
export interface Message {
  from: number;
  to: number;
  content: Content | undefined;
}

export interface SharedOperationOptions {
  follower: Follower<unknown>;
  /** Executes the operation for one event. */
  perform: (event: unknown) => Promise<Content>;
  /** Called when nobody can join any more: it has ended, failed, or the last reader has left. */
  onEnd: () => void;
}

/** A reader that is behind by less is served from memory. */
const messagesKept = 100;
const bytesKept = 1 << 20;
/** Readers that are served before others get their turn on the processor. */
const readersATurn = 200;

/**
 * One subscription for all who asked for the same. Each event is executed and written once. A reader takes the message that follows
 * its position as soon as it is ready for it; one that is further behind than what is kept reads the database by itself, up to where
 * a kept message begins. So nobody waits for anybody, a reader that stands still costs its position, and none misses or repeats
 * anything, since every message says where it begins and ends.
 */
export class SharedOperation {
  readonly #options: SharedOperationOptions;
  readonly #closing = new AbortController();
  readonly #readers = new Set<Reader>();
  readonly #kept: Message[] = [];
  readonly #readings = new Map<number, Promise<Message[]>>();
  #bytes = 0;
  /** Where the newest message ends; undefined until that is known. */
  #end: number | undefined;
  #hasEnded = false;

  constructor(options: SharedOperationOptions) {
    this.#options = options;
    void this.#run();
  }

  /** @param position of the last message that the reader has; left out: it begins at the live end. */
  join(position: number | undefined, sink?: Sink): Reader {
    const reader = new Reader(this, position ?? this.#end, sink);
    this.#readers.add(reader);
    return reader;
  }

  leave(reader: Reader): void {
    if (!this.#readers.delete(reader) || this.#readers.size > 0) return;
    this.#closing.abort();
    this.#options.follower.leave();
    this.#options.onEnd();
  }

  /** Gives a reader what it is ready for. */
  supply(reader: Reader): void {
    while (reader.isReady && !reader.isBehind && this.#end !== undefined && this.#readers.has(reader)) {
      const position = (reader.position ??= this.#end);
      const message = reader.own.shift() ?? this.#messageAt(position);
      if (message) {
        reader.position = message.to;
        if (message.content) reader.give(message.content);
      } else if (position < this.#end) {
        void this.#catchUp(reader, position);
      } else {
        if (this.#hasEnded) this.#dismiss(reader);
        return;
      }
    }
  }

  async #run(): Promise<void> {
    const { follower, perform, onEnd } = this.#options;
    const { signal } = this.#closing;
    try {
      this.#end = await follower.end();
      for (const reader of this.#readers) this.supply(reader);
      for (;;) {
        const page = await follower.next(this.#end, signal);
        if (!page) return;
        for (const { from, to, event } of page.parts) {
          const content = event === undefined ? undefined : await perform(event);
          this.#keep({ from, to, content });
          this.#end = to;
        }
        if (page.isLast) {
          this.#hasEnded = true;
          onEnd();
        }
        await this.#supplyAll();
        if (page.isLast) return;
      }
    } catch (error) {
      onEnd();
      for (const reader of [...this.#readers]) this.#dismiss(reader, error);
    }
  }

  async #supplyAll(): Promise<void> {
    let served = 0;
    for (const reader of this.#readers) {
      this.supply(reader);
      if (++served % readersATurn === 0) await setImmediate();
    }
  }

  #keep(message: Message): void {
    this.#kept.push(message);
    this.#bytes += message.content?.payload.length ?? 0;
    while (this.#kept.length > 1 && (this.#kept.length > messagesKept || this.#bytes > bytesKept))
      this.#bytes -= this.#kept.shift()?.content?.payload.length ?? 0;
  }

  /** The kept message that begins at a position: mostly the newest. */
  #messageAt(position: number): Message | undefined {
    return this.#kept.findLast(({ from }) => from === position);
  }

  async #catchUp(reader: Reader, position: number): Promise<void> {
    reader.isBehind = true;
    try {
      reader.own.push(...(await this.#messagesBehind(position)));
      reader.isBehind = false;
      this.supply(reader);
    } catch (error) {
      this.#dismiss(reader, error);
    }
  }

  /** Readers that stand at the same place read together. */
  #messagesBehind(position: number): Promise<Message[]> {
    const known = this.#readings.get(position);
    if (known) return known;
    const reading = this.#read(position).finally(() => this.#readings.delete(position));
    this.#readings.set(position, reading);
    return reading;
  }

  async #read(position: number): Promise<Message[]> {
    const meeting = this.#meetingBehind(position);
    const page = await this.#options.follower.read(position, meeting);
    // Nothing is stored there any more.
    if (page.to <= position) return [{ from: position, to: meeting, content: undefined }];
    const messages: Message[] = [];
    for (const { from, to, event } of page.parts)
      messages.push({ from, to, content: event === undefined ? undefined : await this.#options.perform(event) });
    return messages;
  }

  /** How far to read such that a kept message follows, or the end. */
  #meetingBehind(position: number): number {
    const message = this.#kept.find(({ to }) => to > position);
    if (!message) return this.#end ?? position;
    return message.from > position ? message.from : message.to;
  }

  #dismiss(reader: Reader, error?: unknown): void {
    this.leave(reader);
    reader.end(error === undefined || error instanceof Error ? error : new Error('the stream failed', { cause: error }));
  }
}
