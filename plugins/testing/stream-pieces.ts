import type { WholeAnswer } from './answer.ts';
import type { Exchange } from './provider-server.ts';

/**
 * Streams the pieces of an answer, and what its failure makes of them.
 * @returns whether the end of the protocol is to follow; the connection is left or closed as the failure wants it otherwise
 */
export async function streamPieces(
  exchange: Exchange,
  answer: WholeAnswer,
  send: { piece: (text: string) => void; error: () => void; malformed: (data: string) => void },
): Promise<boolean> {
  const { failure } = answer;
  const failsAfter = failure ? (failure.afterPieces ?? 2) : Infinity;
  for (const piece of answer.pieces.slice(0, failsAfter)) {
    if (!(await exchange.wait(answer.pieceDelayMilliseconds))) return false;
    send.piece(piece);
  }
  switch (failure?.type) {
    case undefined:
      return !exchange.isGone;
    case 'cut':
      // What was written must have left before the connection is broken off.
      await exchange.wait(20);
      exchange.reset();
      return false;
    case 'errorEvent':
      send.error();
      exchange.endStream();
      return false;
    case 'malformedEvents':
      send.malformed('{"choices":[{"delta":{"cont');
      exchange.endStream();
      return false;
    case 'stalls':
      return false;
    default:
      exchange.endStream();
      return false;
  }
}
