/** Part of a stream: what lies behind `from`, up to and with `to`. The parts of a page join without gap or overlap. */
export interface Part<Event> {
  from: number;
  to: number;
  /** Undefined: nothing in it for readers. */
  event: Event | undefined;
}

/** A piece of a stream, read at once. */
export interface Page<Event> {
  parts: Part<Event>[];
  from: number;
  /** Where the next page begins. */
  to: number;
  /** There is more behind it already. */
  isPartial: boolean;
  /** Nothing will ever come behind it. */
  isLast: boolean;
}

/** Something that grows at its end and can be read from any position. */
export interface Channel<Event> {
  /** Channels of the same name give the same events at the same positions. */
  readonly name: string;
  /** Shortest time between two reads at the live end: what is new in this time comes together. Milliseconds. */
  readonly interval: number;
  /** The position that it has grown to. */
  end(): Promise<number>;
  /**
   * The next page behind a position; without parts when there is nothing new.
   * @param until read no further than this; left out: this reads the live end for everybody.
   */
  read(position: number, until?: number): Promise<Page<Event>>;
  /** @returns ends it. */
  listen(listener: () => void): () => void;
}
