import { createParser } from 'eventsource-parser';

const longestEvent = 16 * 1024 * 1024;

/**
 * The data of each event of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html), as they come. Leaving the loop
 * closes the connection.
 * @throws whatever reading the body throws; ParseError for an event of more than 16 MiB
 */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let ready: string[] = [];
  const parser = createParser({
    maxBufferSize: longestEvent,
    onEvent: ({ data }) => ready.push(data),
    onError: (error) => {
      // Fields that nobody knows are to be passed over.
      if (error.type === 'max-buffer-size-exceeded') throw error;
    },
  });
  for await (const part of body) {
    parser.feed(decoder.decode(part, { stream: true }));
    const events = ready;
    ready = [];
    yield* events;
  }
}
