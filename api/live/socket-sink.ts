import { WebSocket } from 'ws';
import type { Sink } from './content.ts';

const tail = Buffer.from('}');
const asText = { binary: false };

/**
 * Writes messages of an operation to its WebSocket, as `graphql-transport-ws` wants them: only the operation's id differs between
 * readers, so what is written once is copied behind it. The next message follows when the operating system has taken this one.
 */
export function socketSink(socket: WebSocket, id: string): Sink {
  const head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  return ({ payload }, taken) => {
    // The close of the socket ends its operations.
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(Buffer.concat([head, payload, tail]), asText, (error) => {
      if (!error) taken();
    });
  };
}
