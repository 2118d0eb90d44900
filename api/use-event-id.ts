import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, type FetchAPI, type Plugin, type YogaInitialContext } from 'graphql-yoga';
import type { StreamPosition } from '@anneal/schema';
import type { ServerContext } from './context.ts';
import { contentOf } from './live/content.ts';
import type { Limits } from './limits.ts';

/**
 * Writes subscriptions as server-sent events whose `id:` is the cursor of the message. A reader that reconnects sends the last
 * one as `Last-Event-ID` (browsers do so by themselves), and the subscription goes on behind it.
 * The stream is pulled: the next message is made when the connection has taken the last one.
 */
export function useEventId({ keepAliveSeconds }: Pick<Limits, 'keepAliveSeconds'>): Plugin<ServerContext> {
  const positions = new WeakMap<Request, StreamPosition>();
  // Over a WebSocket there is no request.
  const remember = ({ request, position }: Partial<YogaInitialContext> & ServerContext) => {
    if (request) positions.set(request, position);
  };
  return {
    onSubscribe: ({ args }) => remember(args.contextValue),
    onResultProcess(payload) {
      const { request, result } = payload;
      if (!isAsyncIterable(result) || !acceptsEvents(request.headers.get('accept') ?? '*/*')) return;
      const position = positions.get(request) ?? {};
      payload.setResultProcessor(
        (messages, fetchAPI) =>
          isAsyncIterable(messages)
            ? eventStream(messages, position, request.signal, keepAliveSeconds, fetchAPI)
            : new fetchAPI.Response(null, { status: 406 }),
        'text/event-stream',
      );
    },
  };
}

const acceptsEvents = (accept: string) => ['text/event-stream', 'text/*', '*/*'].some((type) => accept.includes(type));

/** Of a stream that is executed for this reader alone. */
function eventOf(result: ExecutionResult, { cursor }: StreamPosition): string {
  const id = cursor === undefined ? '' : `id: ${cursor}\n`;
  return `${id}event: next\ndata: ${JSON.stringify(result)}\n\n`;
}

function eventStream(
  messages: AsyncIterable<ExecutionResult>,
  position: StreamPosition,
  signal: AbortSignal,
  keepAliveSeconds: number,
  fetchAPI: FetchAPI,
): Response {
  const encoder = new TextEncoder();
  const iterator = messages[Symbol.asyncIterator]();
  let ping: NodeJS.Timeout | undefined;
  const stop = () => {
    clearInterval(ping);
    void iterator.return?.();
  };
  signal.addEventListener('abort', stop, { once: true });
  const body = new fetchAPI.ReadableStream<Uint8Array>({
    start(controller) {
      // A comment at once: some readers report an open stream only when the first bytes are there.
      controller.enqueue(encoder.encode(':\n\n'));
      ping = setInterval(() => {
        if (controller.desiredSize && controller.desiredSize > 0) controller.enqueue(encoder.encode(':\n\n'));
      }, keepAliveSeconds * 1000);
    },
    async pull(controller) {
      const result = await iterator.next();
      if (result.done) {
        stop();
        // A connection that was given up must not look like an ended run.
        if (!signal.aborted) controller.enqueue(encoder.encode('event: complete\ndata:\n\n'));
        controller.close();
        return;
      }
      controller.enqueue(contentOf(result.value)?.event ?? encoder.encode(eventOf(result.value, position)));
    },
    cancel: stop,
  });
  return new fetchAPI.Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' },
  });
}
